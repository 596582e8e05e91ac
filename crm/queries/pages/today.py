"""What waits for a colleague: replies, tasks that are due, messages in doubt."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Message, MessageState
from crm.prospects.models import Company, Prospect
from crm.queries.inbox.complained import AnnoyingText, annoying_text
from crm.queries.inbox.correspondence import PROOFS
from crm.queries.pages import open_tasks
from crm.replies.complaints import text_in
from crm.replies.models import InboundMail, InboundState
from crm.replies.verdicts import MailKind
from crm.sequences.models import Enrolment, EnrolmentState

MOST = 50
"""Rows of each list; of what is beyond one more is read, to say that there is more."""

WAITING = (InboundState.UNDERSTOOD, InboundState.QUARANTINED)
QUIET = ("automatic", "bounce", "newsletter", "complaint", "opt_out")
"""Inbound mail that needs nobody: what follows from it is done, and it is on the timeline, not on Today.

Of spam reports only those that prove whose mail it was: see `needs_somebody`.
"""


def needs_somebody() -> ColumnElement[bool]:
    """Inbound mail that nobody has dealt with, and that a colleague must."""
    unproven = and_(InboundMail.kind == MailKind.COMPLAINT.value, InboundMail.matched_by.not_in(PROOFS))
    return and_(InboundMail.state.in_(WAITING), or_(InboundMail.kind.not_in(QUIET), unproven))


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the queue."""

    id: int
    prospect_id: int | None
    name: str
    company: str
    at: datetime
    what: str
    code: str


def replies(session: Session) -> list[Item]:
    """Mail from people that nobody has dealt with; what we are unsure about first, then the oldest."""
    query = (
        select(InboundMail, Prospect.name, Prospect.address, Company.name)
        .outerjoin(Prospect, Prospect.id == InboundMail.prospect_id)
        .outerjoin(Company, Company.id == Prospect.company_id)
        .where(needs_somebody())
        .order_by(InboundMail.received_at)
        .limit(MOST + 1)
    )
    found = [
        Item(
            mail.id,
            mail.prospect_id,
            name or address or "Somebody we do not know",
            company or "",
            mail.received_at,
            mail.text.strip().replace("\n", " ")[:160] or mail.subject_line,
            mail.kind,
        )
        for mail, name, address, company in session.execute(query)
    ]
    return sorted(found, key=lambda item: item.code not in {"unclear", "complaint", ""})


def text_complained_about(session: Session, evidence: str) -> AnnoyingText | None:
    """The text a spam report is about, by the evidence noted with it; None where it names none of ours."""
    text = text_in(evidence)
    return annoying_text(session, text.sequence_id, text.step_id) if text is not None else None


def waits(session: Session, prospect_id: int) -> bool:
    """Whether a sequence of theirs is paused."""
    paused = Enrolment.prospect_id == prospect_id, Enrolment.state == EnrolmentState.PAUSED
    return session.scalar(select(Enrolment.id).where(*paused).limit(1)) is not None


def due_tasks(session: Session, *, staff_id: int, until: datetime) -> list[Item]:
    """Open tasks of this colleague, and those of nobody, up to a moment; late ones first."""
    query = (
        select(Task, Prospect.name, Prospect.address, Company.name)
        .join(Prospect, Prospect.id == Task.prospect_id)
        .join(Company, Company.id == Prospect.company_id)
        .where(open_tasks.waiting(), Task.due_at < until, open_tasks.of(staff_id))
        .order_by(Task.due_at)
        .limit(MOST + 1)
    )
    return [
        Item(task.id, task.prospect_id, name or address, company, task.due_at, task.title, task.kind.value)
        for task, name, address, company in session.execute(query)
    ]


def next_task_at(session: Session, *, staff_id: int, after: datetime) -> datetime | None:
    """When the next task comes up."""
    query = select(Task.due_at).where(open_tasks.waiting(), Task.due_at >= after, open_tasks.of(staff_id))
    return session.scalar(query.order_by(Task.due_at).limit(1))


def in_doubt(session: Session) -> list[Item]:
    """Messages of which nobody knows whether they left, the oldest first."""
    query: Select[*tuple[Any, ...]] = (
        select(Message, Prospect.name, Company.name)
        .outerjoin(Prospect, Prospect.id == Message.prospect_id)
        .outerjoin(Company, Company.id == Prospect.company_id)
        .where(Message.state == MessageState.UNCERTAIN)
        .order_by(Message.changed_at)
        .limit(MOST + 1)
    )
    return [
        Item(
            mail.id,
            mail.prospect_id,
            name or mail.recipient,
            company or "",
            mail.changed_at,
            mail.subject_line,
            mail.outcome,
        )
        for mail, name, company in session.execute(query)
    ]


def done_today(session: Session, *, staff_id: int, since: datetime) -> int:
    """How many tasks and replies this colleague has dealt with since a moment."""
    tasks = select(Task.id).where(Task.done_by == staff_id, Task.done_at >= since).limit(1_000)
    mails = select(InboundMail.id).where(InboundMail.handled_by == staff_id, InboundMail.handled_at >= since)
    return len(session.scalars(tasks).all()) + len(session.scalars(mails.limit(1_000)).all())


def is_manual_step(item: Item) -> bool:
    """Tell whether a sequence waits for this task."""
    return item.code == TaskKind.STEP.value
