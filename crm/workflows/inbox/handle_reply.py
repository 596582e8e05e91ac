"""A colleague deals with an inbound mail: says what it is, or that it is done."""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import outbox
from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Status
from crm.replies.models import InboundMail, InboundState
from crm.replies.verdicts import MailKind
from crm.sequences import enrolments, pauses
from crm.sequences.models import StopReason
from crm.workflows.holding.resume import resume
from crm.workflows.inbox.doubts import ANSWER

LATER: Final = timedelta(days=30)
"""How long somebody is put off who names no day."""


class Label(enum.StrEnum):
    """What a colleague says a reply is. An objection has a page of its own: it cannot be undone."""

    DONE = "done"
    INTERESTED = "interested"
    LATER = "later"
    """Not now: what waits goes on at the day they named, or in thirty days."""

    OTHER = "other"
    """The wrong desk, or the wrong person."""

    GO_ON = "go_on"
    """No no at all: what waits because of it goes on."""


_DOUBTS: Final = frozenset({MailKind.UNCLEAR.value, MailKind.RIGHTS.value, MailKind.COMPLAINT.value})
_ENDS: Final = frozenset({Label.INTERESTED, Label.OTHER})


@dataclass(frozen=True, slots=True)
class Handled:
    """What was done, so that it can be taken back."""

    prospect_id: int | None


def handle_reply(session: Session, inbound_id: int, label: Label, *, by: int, at: datetime) -> Handled:
    """Mark it as dealt with and do what its label means. Done twice, the second changes nothing.

    Raises:
        NotFoundError: there is no such mail (any more).
    """
    mail = session.scalar(select(InboundMail).where(InboundMail.id == inbound_id))
    if mail is None:
        raise NotFoundError
    changed = session.scalars(
        update(InboundMail)
        .where(InboundMail.id == inbound_id, InboundMail.state != InboundState.HANDLED)
        .values(state=InboundState.HANDLED, handled_at=at, handled_by=by)
        .returning(InboundMail.id)
    ).one_or_none()
    if changed is not None and mail.prospect_id is not None:
        _act(session, mail, mail.prospect_id, label, by=by, at=at)
    return Handled(mail.prospect_id)


def take_back(session: Session, inbound_id: int, *, by: int, at: datetime) -> bool:
    """Put a mail back on Today; False when somebody else dealt with it.

    What was put off or went on because of it waits for a decision again; what was stopped stays so.
    """
    mail = session.scalar(
        update(InboundMail)
        .where(
            InboundMail.id == inbound_id,
            InboundMail.state == InboundState.HANDLED,
            InboundMail.handled_by == by,
        )
        .values(state=InboundState.UNDERSTOOD, handled_at=None, handled_by=None)
        .returning(InboundMail)
    )
    if mail is None:
        return False
    if mail.kind in _DOUBTS and mail.prospect_id is not None:
        held = pauses.waiting(session, mail.prospect_id, StopReason.SNOOZED, detail=ANSWER)
        pauses.hold(session, held, StopReason.IN_DOUBT, at=at, detail=ANSWER)
        paused = pauses.pause_all(session, [mail.prospect_id], StopReason.IN_DOUBT, at=at, detail=ANSWER)
        outbox.take_back(session, enrolment_ids=paused)
    return True


def _act(
    session: Session, mail: InboundMail, prospect_id: int, label: Label, *, by: int, at: datetime
) -> None:
    if label is Label.GO_ON:
        resume(session, _waiting(session, prospect_id), now=at)
    if label is Label.LATER:
        _put_off(session, prospect_id, until=day_for(mail, at), by=by, at=at)
    if label not in _ENDS:
        return
    enrolments.stop_all(session, [prospect_id], StopReason.REPLIED, at=at)
    if label is Label.INTERESTED:
        statuses.advance(session, prospect_id, Status.REPLIED, at=at, because="interested")
        title = "They are interested: call or answer"
        tasks.promise(session, prospect_id, title, due_at=at, assignee_id=by, now=at)
    if label is Label.OTHER:
        statuses.move(session, prospect_id, Status.LOST, at=at, by=by, because="wrong_desk")


def _waiting(session: Session, prospect_id: int) -> list[int]:
    """What an answer of theirs, or a note that they are away, holds."""
    doubted = pauses.waiting(session, prospect_id, StopReason.IN_DOUBT, detail=ANSWER)
    return [*doubted, *pauses.waiting(session, prospect_id, StopReason.OUT_OF_OFFICE)]


def day_for(mail: InboundMail, at: datetime) -> datetime:
    """When somebody who is put off is written to again: the morning they named, else in thirty days."""
    if mail.until is None or mail.until <= at.date():
        return at + LATER
    return datetime.combine(mail.until, time(8), tzinfo=UTC)


def _put_off(session: Session, prospect_id: int, *, until: datetime, by: int, at: datetime) -> None:
    """The sequence goes on by itself at the day; where none waits, somebody is reminded."""
    waiting = _waiting(session, prospect_id)
    held = pauses.hold(session, waiting, StopReason.SNOOZED, at=at, resumes_at=until, detail=ANSWER)
    paused = pauses.pause_all(
        session, [prospect_id], StopReason.SNOOZED, at=at, resumes_at=until, detail=ANSWER
    )
    outbox.take_back(session, enrolment_ids=[*waiting, *paused])
    if not held and not paused:
        title = "They asked us to come back later"
        tasks.promise(session, prospect_id, title, due_at=until, assignee_id=by, now=at)
