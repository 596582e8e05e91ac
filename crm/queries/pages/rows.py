"""What a list shows of each prospect, fifty at a time in a handful of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.models import Message, MessageState
from crm.kernel.settings import Settings
from crm.permission.decide import decide
from crm.permission.findings import Decision
from crm.prospects.models import Prospect
from crm.queries.gate.facts import Loaded, facts_batch
from crm.queries.gate.recipients import Recipient
from crm.queries.pages import open_tasks
from crm.queries.sending import whereabouts
from crm.queries.sending.whereabouts import Place
from crm.sequences.models import EnrolmentState
from crm.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Row:
    """One prospect in a list, with the gate's answer of this moment to the next mail of their sequence."""

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
    places = whereabouts.places(session, ids)
    loaded = facts_batch(session, [whereabouts.next_mail(id_, places.get(id_)) for id_ in ids], now, settings)
    owners = dict(
        session.execute(
            select(Prospect.id, Staff.name)
            .join(Staff, Staff.id == Prospect.owner_id)
            .where(Prospect.id.in_(ids))
        ).all()
    )
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
        _row(one, places.get(one.recipient.id), now, owners, planned, tasks)
        for one in loaded
        if one is not None
    ]


def _row(
    one: Loaded,
    place: Place | None,
    now: datetime,
    owners: Mapping[int, str],
    planned: Mapping[int | None, datetime],
    tasks: Mapping[int, datetime],
) -> Row:
    who = one.recipient.id
    return Row(
        person=one.recipient,
        decision=decide(one.facts, now),
        owner=owners.get(who, ""),
        series=place.series if place else "",
        series_state=place.state if place else None,
        next_at=planned.get(who) or (place.due_at if place else None),
        task_at=tasks.get(who),
    )
