"""What a list shows of each prospect, fifty at a time in a handful of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.findings import Decision
from crm.prospects.models import Prospect
from crm.queries import open_tasks
from crm.queries.facts import Question, facts_batch
from crm.queries.recipients import Recipient
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.models import Sequence as Series
from crm.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Row:
    """One prospect in a list, with the gate's answer of this moment."""

    person: Recipient
    decision: Decision
    owner: str
    series: str
    """The sequence they are in; empty when none."""

    series_state: EnrolmentState | None
    next_at: datetime | None
    """The next mail or step, when one is planned."""

    task_at: datetime | None
    """Their earliest open task."""


def rows(session: Session, ids: Sequence[int], *, now: datetime, settings: Settings) -> list[Row]:
    """The rows for these prospects, in the order asked; ids without a prospect are left out."""
    questions = [Question(prospect_id=id_, kind=MailKind.OUTREACH) for id_ in ids]
    loaded = facts_batch(session, questions, now, settings)
    owners = dict(
        session.execute(
            select(Prospect.id, Staff.name)
            .join(Staff, Staff.id == Prospect.owner_id)
            .where(Prospect.id.in_(ids))
        ).all()
    )
    series = {
        row.prospect_id: row
        for row in session.execute(
            select(Enrolment.prospect_id, Series.name, Enrolment.state, Enrolment.next_due_at)
            .join(Series, Series.id == Enrolment.sequence_id)
            .where(Enrolment.prospect_id.in_(ids), Enrolment.state.in_(ACTIVE))
        )
    }
    planned = dict(
        session.execute(
            select(Message.prospect_id, func.min(Message.due_at))
            .where(Message.prospect_id.in_(ids), Message.state == MessageState.DUE)
            .group_by(Message.prospect_id)
        ).all()
    )
    tasks = dict(
        session.execute(
            select(Task.prospect_id, func.min(Task.due_at))
            .where(Task.prospect_id.in_(ids), open_tasks.waiting())
            .group_by(Task.prospect_id)
        ).all()
    )
    return [
        Row(
            person=one.recipient,
            decision=decide(one.facts, now),
            owner=owners.get(one.recipient.id, ""),
            series=series[one.recipient.id].name if one.recipient.id in series else "",
            series_state=series[one.recipient.id].state if one.recipient.id in series else None,
            next_at=planned.get(one.recipient.id)
            or (series[one.recipient.id].next_due_at if one.recipient.id in series else None),
            task_at=tasks.get(one.recipient.id),
        )
        for one in loaded
        if one is not None
    ]
