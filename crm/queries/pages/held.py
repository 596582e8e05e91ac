"""First mails that wait until a colleague approves them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from crm.delivery.models import Message, MessageState
from crm.prospects.models import Company, Prospect
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.models import Sequence as Series

MOST: Final = 50
"""On one page, the longest due first; the rest comes up as these are dealt with."""

_WAITS: Final = (Message.state == MessageState.HELD, Enrolment.state == EnrolmentState.RUNNING)


@dataclass(frozen=True, slots=True)
class Held:
    """One mail, as it would leave."""

    public_id: str
    enrolment_id: int
    prospect_id: int
    name: str
    address: str
    company: str
    series: str
    subject: str
    wire: bytes
    due_at: datetime


def held(session: Session) -> list[Held]:
    """The mails that wait."""
    query = (
        select(Message, Enrolment, Prospect.name, Company.name, Series.name)
        .join(Enrolment, Enrolment.id == Message.enrolment_id)
        .join(Series, Series.id == Enrolment.sequence_id)
        .join(Prospect, Prospect.id == Enrolment.prospect_id)
        .join(Company, Company.id == Prospect.company_id)
        .where(*_WAITS)
        .order_by(Message.due_at, Message.id)
        .limit(MOST)
        .options(undefer(Message.wire))
    )
    return [
        Held(
            public_id=mail.public_id,
            enrolment_id=enrolment.id,
            prospect_id=enrolment.prospect_id,
            name=name or mail.recipient,
            address=mail.recipient,
            company=company,
            series=series,
            subject=mail.subject_line,
            wire=mail.wire,
            due_at=mail.due_at,
        )
        for mail, enrolment, name, company, series in session.execute(query)
    ]


def how_many(session: Session, *, up_to: int) -> int:
    """How many wait, counted no further than anybody reads."""
    some = (
        select(Message.id)
        .join(Enrolment, Enrolment.id == Message.enrolment_id)
        .where(*_WAITS)
        .limit(up_to)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) or 0


def enrolments_of(session: Session, public_ids: Collection[str]) -> list[int]:
    """The enrolments of the mails that still wait; what somebody dealt with meanwhile is left out. Locked."""
    query = (
        select(Enrolment.id)
        .join(Message, Message.enrolment_id == Enrolment.id)
        .where(Message.public_id.in_(public_ids), *_WAITS)
        .order_by(Enrolment.id)
        .with_for_update()
    )
    return list(session.scalars(query))
