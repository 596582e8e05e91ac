"""Forget a person: their rows, their files, what an index remembers. Their no stays (P32, I14, I29)."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import claims
from crm.delivery.models import Message
from crm.delivery.ports import SentMailViewer
from crm.kernel.clock import monotonic
from crm.kernel.faults import point
from crm.privacy import files, receipts, residue
from crm.privacy.models import Erasure, RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.import_models import Import, ImportState
from crm.queries.inbox import person
from crm.queries.inbox.person import Person
from crm.queries.keeping import inventory
from crm.queries.keeping.inventory import Subject
from crm.replies.models import InboundMail
from crm.workflows.people.import_batch import take_turns
from crm.workflows.refusals.forget_rows import forget_rows
from crm.workflows.refusals.refuse import Answer, Desk, Mailbox, refuse

log = logging.getLogger(__name__)

PATIENCE: Final = 3.0
"""Seconds a page waits for the sweep, at most; what is left is finished by the scheduler."""

_PAGE: Final = 200  # files listed at once


@dataclass(frozen=True, slots=True)
class Shelves:
    """Where files of a person may lie."""

    var: Path
    sent_mail: SentMailViewer | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the person is told."""

    answer: Answer
    """The no that an erasure implies (P37)."""

    reference: str
    is_done: bool
    """False while something is still in the way: the scheduler finishes it."""


def erase(
    desk: Desk,
    shelves: Shelves,
    mailbox: Mailbox,
    *,
    channel: str,
    at: datetime,
    by: chain.Actor = chain.PERSON,
) -> Receipt:
    """Stop first, then forget. Interrupted anywhere, `finish_erasures` takes it up again.

    Raises:
        OSError, OperationalError: the no or the erasure could not be written down; nothing may be
            acknowledged then.
    """
    wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.ERASURE, channel=channel, at=at)
    answer = refuse(desk, mailbox, wish, by=by)
    with desk.database.transaction() as session:
        begun = receipts.begin(session, mailbox.keys[0][0], channel=channel, at=at)
        reference, id_ = begun.public_id, begun.id
        chain.append(session, actor=by, action="erase.asked", object=f"erasure:{reference}", at=at)
    point("erase.begun")
    is_done = answer.is_final and carry_out(desk, shelves, [id_], at=at) == 1
    return Receipt(answer, reference, is_done)


def finish_erasures(desk: Desk, shelves: Shelves, *, at: datetime) -> int:
    """Take up every erasure that is not finished; return how many are now. Safe to run anywhere, any time."""
    with desk.database.reading() as session:
        waiting = [one.id for one in receipts.pending(session)]
    return carry_out(desk, shelves, waiting, at=at)


def carry_out(desk: Desk, shelves: Shelves, erasure_ids: Sequence[int], *, at: datetime) -> int:
    """Carry out what is written down, with one sweep for all of it; how many are finished.

    What goes wrong from here on only makes it later: the scheduler takes up what is left.
    """
    forgotten: list[int] = []
    for erasure_id in erasure_ids:
        try:
            if _forget(desk, shelves, erasure_id):
                forgotten.append(erasure_id)
        except (OSError, SQLAlchemyError):
            log.exception("an erasure has to be finished later", extra={"erasure": erasure_id})
    try:
        return _finish(desk, forgotten, at=at) if forgotten else 0
    except (OSError, SQLAlchemyError):
        log.exception("erasures have to be finished later", extra={"erasures": len(forgotten)})
        return 0


def _forget(desk: Desk, shelves: Shelves, erasure_id: int) -> bool:
    """Files, then rows in one transaction; False when something is in the way."""
    with desk.database.transaction() as session:
        take_turns(session)  # an import that did not know of the no yet has written its rows by now
    with desk.database.reading() as session:
        asked = session.get_one(Erasure, erasure_id)
        found = person.find(session, desk.ring, [(asked.digest, 0)])
        if receipts.is_of_earlier(asked, found.known.created_at if found.known else None):
            return True
        subject = person.subject_of(session, desk.ring, found)
        is_leaving = bool(claims.live_for(session, subject.digests, real_now=desk.real()))
        keys, marks, busy = _files_of(session, found, subject)
    if is_leaving:
        return False  # a worker would lay its copy down behind us
    removed = _remove_sent(shelves.sent_mail, keys, found)
    blocked = False
    for path in files.naming(shelves.var, marks):
        if path.name in busy:
            blocked = True
            continue
        path.unlink(missing_ok=True)
        removed += 1
    point("erase.after_files")
    with desk.database.transaction() as session:
        gone = forget_rows(session, subject)
        receipts.count(session, erasure_id, {**gone, receipts.FILES: removed})
        point("erase.mid_tables")
    point("erase.after_rows")
    return not blocked


def _finish(desk: Desk, erasure_ids: Sequence[int], *, at: datetime) -> int:
    """What the deletions left in the database file goes too; then it is said."""
    with desk.database.reading() as session:
        tables = receipts.tables(session, erasure_ids)
    until = monotonic() + PATIENCE
    if not residue.sweep(desk.database, tables, lambda: monotonic() < until):
        return 0
    with desk.database.transaction() as session:
        for erasure_id in erasure_ids:
            if receipts.finish(session, erasure_id, at=at):
                chain.append(
                    session,
                    actor=chain.PROGRAM,
                    action="erase.finished",
                    object=f"erasure:{erasure_id}",
                    at=at,
                )
    return len(erasure_ids)


def _files_of(session: Session, found: Person, subject: Subject) -> tuple[list[str], files.Marks, set[str]]:
    """Keys of sent copies, the marks of other files, and the files that a running import still reads."""
    mine = inventory.rows_about(inventory.entry(Message.__tablename__), subject)
    theirs = inventory.rows_about(inventory.entry(InboundMail.__tablename__), subject)
    keys = list(session.scalars(select(Message.public_id).where(mine)))
    hashes = list(session.scalars(select(InboundMail.digest).where(theirs)))
    running = set(session.scalars(select(Import.stored_as).where(Import.state == ImportState.RUNNING)))
    marks = files.marks_of(found.known.address, hashes) if found.known else files.Marks((), frozenset(hashes))
    return keys, marks, running


def _remove_sent(viewer: SentMailViewer | None, keys: Iterable[str], found: Person) -> int:
    """Copies by message, and by recipient: a copy may be there whose message is not."""
    if viewer is None:
        return 0
    removed = viewer.remove(list(keys))
    if found.known is None:
        return removed
    recipient = str(found.known.address)
    while copies := viewer.newest(recipient=recipient, limit=_PAGE):
        taken = viewer.remove([copy.key for copy in copies])
        removed += taken
        if not taken:
            break
    return removed
