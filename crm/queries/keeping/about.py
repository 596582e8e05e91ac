"""What we hold about one person, in short, for the page behind the link in our mails."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm.conversations.models import Note
from crm.delivery.models import Message
from crm.delivery.states import LEFT
from crm.kernel.db import Base
from crm.permission.models import Evidence
from crm.permission.terms import Basis
from crm.privacy import retention
from crm.prospects.models import Company, Prospect, Source, SourceKind
from crm.replies.models import InboundMail
from crm.tracking.models import Opening


@dataclass(frozen=True, slots=True)
class Origin:
    """Where and when we got the address (article 14(2)(f))."""

    kind: SourceKind
    url: str
    words: str
    obtained_on: date


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail we sent."""

    sent_at: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class About:
    """The page's facts."""

    name: str
    role: str
    company: str
    relevance: str
    origins: tuple[Origin, ...]
    bases: tuple[Basis, ...]
    letters: tuple[Letter, ...]
    """Newest first, at most twenty."""

    notes: int
    answers: int
    openings: int
    erase_at: datetime


def about(session: Session, prospect_id: int, *, retention_months: int) -> About | None:
    """The facts about somebody; None when they are no longer on record."""
    row = session.execute(
        select(Prospect, Company.name, Company.relevance)
        .join(Company, Company.id == Prospect.company_id)
        .where(Prospect.id == prospect_id)
    ).first()
    if row is None:
        return None
    one, company, relevance = row
    return About(
        name=one.name,
        role=one.role,
        company=company,
        relevance=relevance,
        origins=_origins(session, prospect_id),
        bases=_bases(session, prospect_id),
        letters=_letters(session, prospect_id),
        notes=_number(session, Note, Note.prospect_id == prospect_id),
        answers=_number(session, InboundMail, InboundMail.prospect_id == prospect_id),
        openings=_openings(session, prospect_id),
        erase_at=retention.erase_at(
            collected_at=one.created_at, answered_at=one.last_reply_at, months=retention_months
        ),
    )


def _origins(session: Session, prospect_id: int) -> tuple[Origin, ...]:
    query = (
        select(Source.kind, Source.url, Source.words, Source.obtained_on)
        .where(Source.prospect_id == prospect_id)
        .order_by(Source.obtained_on)
    )
    return tuple(Origin(*row) for row in session.execute(query))


def _bases(session: Session, prospect_id: int) -> tuple[Basis, ...]:
    query = select(Evidence.basis).where(Evidence.prospect_id == prospect_id, Evidence.withdrawn_at.is_(None))
    return tuple(sorted(set(session.scalars(query))))


def _letters(session: Session, prospect_id: int) -> tuple[Letter, ...]:
    query = (
        select(Message.sent_at, Message.subject_line)
        .where(Message.prospect_id == prospect_id, Message.state.in_(LEFT), Message.sent_at.is_not(None))
        .order_by(Message.sent_at.desc())
        .limit(20)
    )
    return tuple(Letter(sent_at, subject) for sent_at, subject in session.execute(query) if sent_at)


def _openings(session: Session, prospect_id: int) -> int:
    theirs = select(Message.id).where(Message.prospect_id == prospect_id)
    return _number(session, Opening, Opening.message_id.in_(theirs))


def _number(session: Session, model: type[Base], which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(model).where(which)) or 0
