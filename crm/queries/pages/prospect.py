"""Everything one prospect's page shows beside the timeline."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.handoff.models import Lead
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.findings import Decision
from crm.privacy.retention import erase_at
from crm.prospects.models import Prospect, Source
from crm.queries.gate.facts import Question, facts_batch
from crm.queries.gate.recipients import Recipient
from crm.queries.pages import open_tasks
from crm.queries.sending import whereabouts
from crm.queries.sending.thread_mailbox import mailbox_for
from crm.sequences.models import Enrolment
from crm.sequences.models import Sequence as Series
from crm.staff.models import Staff


@dataclass(frozen=True, slots=True)
class InSeries:
    """Where they are in a sequence."""

    enrolment: Enrolment
    name: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One prospect."""

    person: Recipient
    version: int
    owner: str
    may_write: Decision
    """The gate's answer to an outreach mail, at this moment: to one of the sequence they are in, if any."""

    may_write_by_hand: Decision
    """To a mail that a colleague writes: what stops sequences only does not stop it."""

    may_answer: Decision
    source: Source | None
    series: list[InSeries]
    """Newest first."""

    lead: Lead | None
    tasks: list[Task]
    next_mail_at: datetime | None
    erase_on: date
    """The day their data goes, unless they write before."""


def sheet(session: Session, prospect_id: int, *, now: datetime, settings: Settings) -> Sheet:
    """Read one prospect.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    place = whereabouts.places(session, [prospect_id]).get(prospect_id)
    box = mailbox_for(session, prospect_id)
    ours = Question(prospect_id=prospect_id, kind=MailKind.MANUAL, mailbox_id=box.id if box else None)
    questions = [whereabouts.next_mail(prospect_id, place), ours, replace(ours, kind=MailKind.REPLY)]
    first, by_hand, answer = facts_batch(session, questions, now, settings)
    row = session.get(Prospect, prospect_id)
    if first is None or by_hand is None or answer is None or row is None:
        raise NotFoundError
    enrolments = session.execute(
        select(Enrolment, Series.name)
        .join(Series, Series.id == Enrolment.sequence_id)
        .where(Enrolment.prospect_id == prospect_id)
        .order_by(Enrolment.id.desc())
    )
    return Sheet(
        person=first.recipient,
        version=row.version,
        owner=session.scalar(select(Staff.name).where(Staff.id == row.owner_id)) or "",
        may_write=decide(first.facts, now),
        may_write_by_hand=decide(by_hand.facts, now),
        may_answer=decide(answer.facts, now),
        source=session.scalar(
            select(Source).where(Source.prospect_id == prospect_id).order_by(Source.id.desc()).limit(1)
        ),
        series=[InSeries(enrolment, name) for enrolment, name in enrolments],
        lead=session.scalar(select(Lead).where(Lead.prospect_id == prospect_id)),
        tasks=list(
            session.scalars(
                select(Task)
                .where(Task.prospect_id == prospect_id, open_tasks.waiting())
                .order_by(Task.due_at)
            )
        ),
        next_mail_at=session.scalar(
            select(Message.due_at)
            .where(Message.prospect_id == prospect_id, Message.state == MessageState.DUE)
            .order_by(Message.due_at)
            .limit(1)
        ),
        erase_on=erase_at(
            collected_at=row.created_at, answered_at=row.last_reply_at, months=settings.retention_months
        ).date(),
    )
