"""The versions of a sequence and its draft, with who made them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.delivery.states import LEFT
from crm.sequences import drafts
from crm.sequences.drafts import Kept
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, SequenceVersion, Step
from crm.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Published:
    """One version."""

    id: int
    number: int
    at: datetime
    by_id: int | None
    by: str
    """The colleague's name; empty for the owner of the machine, or who is gone."""

    active: int
    """On their way in it now."""

    sent: int
    """Mails that left."""


def versions_of(session: Session, sequence_id: int) -> list[Published]:
    """All of them, the newest first."""
    active = dict(
        session.execute(
            select(Enrolment.version_id, func.count())
            .where(Enrolment.sequence_id == sequence_id, Enrolment.state.in_(ACTIVE))
            .group_by(Enrolment.version_id)
        ).all()
    )
    sent = dict(
        session.execute(
            select(Step.version_id, func.count(Message.id))
            .join(SequenceVersion, SequenceVersion.id == Step.version_id)
            .join(Message, Message.step_id == Step.id)
            .where(SequenceVersion.sequence_id == sequence_id, Message.state.in_(LEFT))
            .group_by(Step.version_id)
        ).all()
    )
    query = (
        select(
            SequenceVersion.id,
            SequenceVersion.number,
            SequenceVersion.published_at,
            SequenceVersion.published_by,
            Staff.name,
        )
        .outerjoin(Staff, Staff.id == SequenceVersion.published_by)
        .where(SequenceVersion.sequence_id == sequence_id)
        .order_by(SequenceVersion.number.desc())
    )
    return [
        Published(id_, number, at, by_id, name or "", active.get(id_, 0), sent.get(id_, 0))
        for id_, number, at, by_id, name in session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class DraftBy:
    """A draft, and who saved it last."""

    kept: Kept
    name: str


def draft_of(session: Session, sequence_id: int) -> DraftBy | None:
    """The draft of a sequence; None when there is none."""
    kept = drafts.read(session, sequence_id)
    if kept is None:
        return None
    name = session.scalar(select(Staff.name).where(Staff.id == kept.edited_by)) if kept.edited_by else None
    return DraftBy(kept, name or "")
