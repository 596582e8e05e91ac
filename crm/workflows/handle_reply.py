"""A colleague deals with an inbound mail: says what it is, or that it is done."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Status
from crm.replies.models import InboundMail, InboundState
from crm.sequences import enrolments
from crm.sequences.models import StopReason


class Label(enum.StrEnum):
    """What a colleague says a reply is. An objection has a page of its own: it cannot be undone."""

    DONE = "done"
    INTERESTED = "interested"
    LATER = "later"
    OTHER = "other"
    """The wrong desk, or the wrong person."""


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
        _act(session, mail.prospect_id, label, by=by, at=at)
    return Handled(mail.prospect_id)


def take_back(session: Session, inbound_id: int, *, by: int) -> bool:
    """Put a mail back on Today; False when somebody else dealt with it."""
    changed = session.scalars(
        update(InboundMail)
        .where(
            InboundMail.id == inbound_id,
            InboundMail.state == InboundState.HANDLED,
            InboundMail.handled_by == by,
        )
        .values(state=InboundState.UNDERSTOOD, handled_at=None, handled_by=None)
        .returning(InboundMail.id)
    )
    return changed.one_or_none() is not None


def _act(session: Session, prospect_id: int, label: Label, *, by: int, at: datetime) -> None:
    if label is Label.DONE:
        return
    enrolments.stop_all(session, [prospect_id], StopReason.REPLIED, at=at)
    if label is Label.INTERESTED:
        statuses.advance(session, prospect_id, Status.REPLIED, at=at, because="interested")
        title = "They are interested: call or answer"
        tasks.promise(session, prospect_id, title, due_at=at, assignee_id=by, now=at)
    if label is Label.LATER:
        due_at = at + timedelta(days=30)
        tasks.promise(
            session, prospect_id, "They asked us to come back later", due_at=due_at, assignee_id=by, now=at
        )
    if label is Label.OTHER:
        statuses.move(session, prospect_id, Status.LOST, at=at, by=by, because="wrong_desk")
