"""Inbound mail is read and acted upon: a no refuses, a person's answer stops, doubt pauses and asks."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.errors import CrmError
from crm.kernel.faults import point
from crm.queries.correspondence import Match, match, sent_text
from crm.replies import inbox
from crm.replies.classify import classify
from crm.replies.models import InboundMail, InboundState
from crm.replies.reading import UNREADABLE, ReadMail, read
from crm.replies.verdicts import MailKind, Sub, Verdict
from crm.workflows.inbox import answer_mail
from crm.workflows.inbox.doubts import hold_in_doubt
from crm.workflows.inbox.take_in_hand import take_in_hand
from crm.workflows.refusals.refuse import Desk as RefusalDesk
from crm.workflows.sending.write_letter import Desk

log = logging.getLogger(__name__)

AT_ONCE = 50  # mails in one run

_NOT_ACTED_ON: Final = Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=("broken.acting",))

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
    One that ends its reader in a way nobody thought of is tried once more in the next run before that.

    Raises:
        OperationalError: the database cannot be written now; nothing is wrong with the mail.
        OSError: a no could not be written to the journal; likewise.
    """
    with room.refusals.database.reading() as session:
        waiting = inbox.waiting(session, limit=AT_ONCE)
    return sum(_understand_or_set_aside(room, mail_id, now=now) for mail_id in waiting)


def _understand_or_set_aside(room: ReadingRoom, mail_id: int, *, now: datetime) -> bool:
    for attempt in (_understand_one, _set_aside):
        try:
            return attempt(room, mail_id, now=now)
        except (OperationalError, OSError):
            raise
        except (CrmError, SQLAlchemyError, *UNREADABLE):
            log.exception("inbound mail could not be acted on", extra={"mail": mail_id})
        except Exception:  # whatever it is, the noes behind this mail are to be read
            log.exception("inbound mail ended its reader", extra={"mail": mail_id})
            if not _failed_before(room, mail_id):
                return False
    return _put_by(room, mail_id, now=now)


def _failed_before(room: ReadingRoom, mail_id: int) -> bool:
    """Whether this is the second time; the first one is noted."""
    with room.refusals.database.transaction() as session:
        row = inbox.open_one(session, mail_id)
        if row is None or row.evidence == _FAILED:
            return row is not None
        row.evidence = _FAILED
        return False


def _understand_one(room: ReadingRoom, mail_id: int, *, now: datetime) -> bool:
    def act(session: Session) -> dict[str, object] | None:
        opened = _open(session, room, mail_id)
        if opened is None:
            return None
        row, mail, found = opened
        sent = sent_text(found.message) if found.message is not None else ""
        verdict = _judged(mail, row, sent, is_known=found.prospect_id is not None)
        take_in_hand(session, mail, found)
        _note(row, mail, found, verdict, _digest_of(room, mail), now)
        session.flush()
        point("understand.before_act")
        answer_mail.act(session, room.refusals, mail, found, verdict, now=now)
        point("understand.before_commit")
        return {"kind": verdict.kind.value, "sub": verdict.sub.value, "matched": found.by}

    understood = room.refusals.database.repeated(act)
    if understood is not None:
        log.info("inbound mail understood", extra={"mail": mail_id, **understood})
    return understood is not None


def _set_aside(room: ReadingRoom, mail_id: int, *, now: datetime) -> bool:
    """Only what doubt takes: note whose it is, hold them, and ask."""

    def hold(session: Session) -> bool:
        opened = _open(session, room, mail_id)
        if opened is None:
            return False
        row, mail, found = opened
        take_in_hand(session, mail, found)
        _note(row, mail, found, _NOT_ACTED_ON, _digest_of(room, mail), now)
        if found.prospect_id is not None:
            hold_in_doubt(session, found.prospect_id, now=now)
        return True

    return room.refusals.database.repeated(hold)


def _put_by(room: ReadingRoom, mail_id: int, *, now: datetime) -> bool:
    """Nothing can be made of it, not even whose it is: a person finds it on Today."""
    with room.refusals.database.transaction() as session:
        row = inbox.open_one(session, mail_id)
        if row is None:
            return False
        row.state = InboundState.QUARANTINED
        row.kind, row.sub = _NOT_ACTED_ON.kind.value, _NOT_ACTED_ON.sub.value
        row.evidence = " ".join(_NOT_ACTED_ON.evidence)
        row.understood_at = now
        return True


def _open(session: Session, room: ReadingRoom, mail_id: int) -> tuple[InboundMail, ReadMail, Match] | None:
    """The mail, read, and whose it is; None when somebody else has it, or had."""
    row = inbox.open_one(session, mail_id)
    if row is None or row.raw is None:
        return None
    mail = read(row.raw)
    return row, mail, match(session, room.letters.links, room.refusals.ring, mail)


def _judged(mail: ReadMail, row: InboundMail, sent: str, *, is_known: bool) -> Verdict:
    """The verdict; a mail that nothing can be made of is doubtful, and holds up no other."""
    try:
        return classify(mail, received=row.received_at.date(), sent=sent, is_known=is_known)
    except UNREADABLE:
        log.exception("inbound mail could not be judged", extra={"mail": row.id})
        return Verdict(MailKind.UNCLEAR, Sub.BROKEN, evidence=("broken.judging",))


def _note(
    row: InboundMail,
    mail: ReadMail,
    found: Match,
    verdict: Verdict,
    sender: AddressDigest | None,
    now: datetime,
) -> None:
    broken = verdict.kind is MailKind.UNCLEAR and verdict.sub is Sub.BROKEN
    row.state = InboundState.QUARANTINED if broken else InboundState.UNDERSTOOD
    row.kind = verdict.kind.value
    row.sub = "" if verdict.sub is Sub.NONE else verdict.sub.value
    row.until = verdict.until
    row.evidence = " ".join(verdict.evidence)[:200]
    row.prospect_id = found.prospect_id
    row.message_id = found.message.id if found.message is not None else None
    row.matched_by = found.by
    row.sender_digest = sender
    row.subject_line = mail.subject
    row.text = mail.text[:50_000]
    row.message_header = f"<{mail.message_id}>" if mail.message_id else ""
    row.understood_at = now


def _digest_of(room: ReadingRoom, mail: ReadMail) -> AddressDigest | None:
    return room.refusals.ring.digest(mail.sender) if mail.sender is not None else None
