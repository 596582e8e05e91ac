"""Inbound mail is read and acted upon: a no refuses, a person's answer stops, doubt pauses and asks."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.errors import CrmError
from crm.kernel.faults import point
from crm.kernel.outages import is_outage
from crm.queries.inbox.correspondence import Match, match, sent_text
from crm.replies import inbox
from crm.replies.classify import classify
from crm.replies.models import InboundMail
from crm.replies.reading import UNREADABLE, ReadMail, read, read_headers
from crm.replies.verdicts import MailKind, Sub, Verdict
from crm.workflows.inbox import answer_mail
from crm.workflows.inbox.doubts import hold_in_doubt
from crm.workflows.inbox.note_mail import note, note_unread
from crm.workflows.inbox.take_in_hand import take_in_hand
from crm.workflows.planning.write_letter import Desk
from crm.workflows.refusals.refuse import Desk as RefusalDesk

_Attempt = Callable[["ReadingRoom", int, datetime], bool]
_Reader = Callable[[bytes], ReadMail]

log = logging.getLogger(__name__)

AT_ONCE = 50  # mails in one run

MOST_DEATHS: Final = 3
"""Readers that die over a mail, one after the other, before nobody reads it any more (decision 0009)."""

_NOT_ACTED_ON: Final = Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=("broken.acting",))
_DEADLY: Final = Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=("broken.deadly",))

_FAILED: Final = "broken.reader"
"""Stands as the evidence of a mail that ended its reader once, until it is read."""


@dataclass(frozen=True, slots=True)
class ReadingRoom:
    """What reading mail takes from outside."""

    refusals: RefusalDesk
    letters: Desk


def understand_mail(room: ReadingRoom, *, now: datetime) -> int:
    """Read what waits, each mail in a transaction of its own; how many. Safe in several workers at once.

    A mail that cannot be acted on holds up no other: it is set aside, its thread waits, and it is shown.
    One that ends its reader in a way nobody thought of is tried once more in the next run before that, and
    one over which whole processes die after `MOST_DEATHS` of them, while those behind it are read.

    Raises:
        SQLAlchemyError: the database is away, or cannot be written now; nothing is wrong with the mail.
        OSError: a no could not be written to the journal; likewise.
    """
    with room.refusals.database.reading() as session:
        waiting = inbox.waiting(session, limit=AT_ONCE, real_now=room.refusals.real())
    return sum(_have_in_hand(room, mail_id, now=now) for mail_id in waiting)


def _have_in_hand(room: ReadingRoom, mail_id: int, *, now: datetime) -> bool:
    """Say first who has it, so that a death is noticed: whoever dies leaves nothing else behind."""
    with room.refusals.database.transaction() as session:
        deaths = inbox.take(session, mail_id, real_now=room.refusals.real())
    if deaths is None:
        return False
    if deaths:
        log.error("a reader died over an inbound mail", extra={"mail": mail_id, "deaths": deaths})
    try:
        return _understand_or_set_aside(room, mail_id, _attempts(deaths), now=now)
    except Exception:
        with suppress(SQLAlchemyError), room.refusals.database.transaction() as session:
            inbox.let_go(session, mail_id)  # if not even that can be written, it counts as a death
        raise


def _attempts(deaths: int) -> tuple[_Attempt, ...]:
    """What is still tried with a mail: all of it, its headers, and in the end nothing."""
    if deaths < MOST_DEATHS:
        return _understand_one, _set_aside
    return (_set_deadly_aside,) if deaths == MOST_DEATHS else ()


def _understand_or_set_aside(
    room: ReadingRoom, mail_id: int, attempts: tuple[_Attempt, ...], *, now: datetime
) -> bool:
    for attempt in attempts:
        try:
            return attempt(room, mail_id, now)
        except OSError:
            raise
        except (CrmError, SQLAlchemyError, *UNREADABLE) as error:
            if is_outage(error):
                raise
            log.exception("inbound mail could not be acted on", extra={"mail": mail_id})
        except Exception:  # whatever it is, the noes behind this mail are to be read
            log.exception("inbound mail ended its reader", extra={"mail": mail_id})
            if not _failed_before(room, mail_id):
                return False
    return _put_by(room, mail_id, _NOT_ACTED_ON if attempts else _DEADLY, now=now)


def _failed_before(room: ReadingRoom, mail_id: int) -> bool:
    """Whether this is the second time; the first one is noted."""
    with room.refusals.database.transaction() as session:
        row = inbox.open_one(session, mail_id)
        if row is None or row.evidence == _FAILED:
            return row is not None
        row.evidence = _FAILED
        inbox.let_go(session, mail_id)
        return False


def _understand_one(room: ReadingRoom, mail_id: int, now: datetime) -> bool:
    def act(session: Session) -> dict[str, object] | None:
        opened = _open(session, room, mail_id, read)
        if opened is None:
            return None
        row, mail, found = opened
        sent = sent_text(found.message) if found.message is not None else ""
        verdict = _judged(mail, row, sent, is_known=found.prospect_id is not None)
        take_in_hand(session, mail, found)
        note(row, mail, found, verdict, _digest_of(room, mail), now)
        session.flush()
        point("understand.before_act")
        answer_mail.act(session, room.refusals, mail, found, verdict, now=now)
        point("understand.before_commit")
        return {"kind": verdict.kind.value, "sub": verdict.sub.value, "matched": found.by}

    understood = room.refusals.database.repeated(act)
    if understood is not None:
        log.info("inbound mail understood", extra={"mail": mail_id, **understood})
    return understood is not None


def _set_aside(room: ReadingRoom, mail_id: int, now: datetime) -> bool:
    """Only what doubt takes: note whose it is, hold them, and ask."""
    return _hold(room, mail_id, read, _NOT_ACTED_ON, now=now)


def _set_deadly_aside(room: ReadingRoom, mail_id: int, now: datetime) -> bool:
    """The same by its headers: what kills may be anywhere behind them."""
    return _hold(room, mail_id, read_headers, _DEADLY, now=now)


def _hold(room: ReadingRoom, mail_id: int, reader: _Reader, verdict: Verdict, *, now: datetime) -> bool:
    def hold(session: Session) -> bool:
        opened = _open(session, room, mail_id, reader)
        if opened is None:
            return False
        row, mail, found = opened
        take_in_hand(session, mail, found)
        note(row, mail, found, verdict, _digest_of(room, mail), now)
        if found.prospect_id is not None:
            hold_in_doubt(session, found.prospect_id, now=now)
        return True

    return room.refusals.database.repeated(hold)


def _put_by(room: ReadingRoom, mail_id: int, verdict: Verdict, *, now: datetime) -> bool:
    """Nothing can be made of it, not even whose it is: a person finds it on Today."""
    with room.refusals.database.transaction() as session:
        row = inbox.open_one(session, mail_id)
        if row is None:
            return False
        note_unread(row, verdict, now)
        return True


def _open(
    session: Session, room: ReadingRoom, mail_id: int, reader: _Reader
) -> tuple[InboundMail, ReadMail, Match] | None:
    """The mail, read, and whose it is; None when somebody else has it, or had."""
    row = inbox.open_one(session, mail_id)
    if row is None or row.raw is None:
        return None
    mail = reader(row.raw)
    return row, mail, match(session, room.letters.links, room.refusals.ring, mail)


def _judged(mail: ReadMail, row: InboundMail, sent: str, *, is_known: bool) -> Verdict:
    """The verdict; a mail that nothing can be made of is doubtful, and holds up no other."""
    try:
        return classify(mail, received=row.received_at.date(), sent=sent, is_known=is_known)
    except UNREADABLE:
        log.exception("inbound mail could not be judged", extra={"mail": row.id})
        return Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=("broken.judging",))


def _digest_of(room: ReadingRoom, mail: ReadMail) -> AddressDigest | None:
    return room.refusals.ring.digest(mail.sender) if mail.sender is not None else None
