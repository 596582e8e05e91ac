"""How a sequence is doing: what went out, what came back, who left and why."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.prospects.models import Company, Prospect
from crm.replies.models import InboundMail
from crm.sequences.models import (
    Enrolment,
    EnrolmentState,
    Sequence,
    SequenceVersion,
    Step,
    StepKind,
    StopReason,
)

LEFT_US = (MessageState.SENT, MessageState.DELIVERED, MessageState.BOUNCED, MessageState.COMPLAINED)


@dataclass(frozen=True, slots=True)
class StepCount:
    """One step of the newest version, with what became of its mails in all versions that have it."""

    step: Step
    states: dict[MessageState, int]
    waiting: int
    """Enrolments that come to this step next."""

    @property
    def sent(self) -> int:
        """Mails that left."""
        return sum(self.states.get(state, 0) for state in LEFT_US)


@dataclass(frozen=True, slots=True)
class Coming:
    """A mail or step that is planned."""

    at: datetime
    prospect_id: int
    name: str
    company: str
    position: int
    queued: bool
    """Rendered and in the outbox; else it is planned at its time."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """A sequence in numbers."""

    enrolled: int
    states: dict[EnrolmentState, int]
    exits: dict[StopReason, int]
    steps: list[StepCount]
    sent: int
    people_written: int
    replied: int
    bounced: int
    complained: int
    sent_before: int = 0
    """Mails that left from steps which the newest version no longer has."""

    coming: list[Coming] = field(default_factory=list)


def funnel(session: Session, sequence_id: int, *, coming: int = 12) -> Funnel:
    """Count. Grouped over the indexes of this sequence's rows only."""
    states = dict(
        session.execute(
            select(Enrolment.state, func.count())
            .where(Enrolment.sequence_id == sequence_id)
            .group_by(Enrolment.state)
        ).all()
    )
    exits = dict(
        session.execute(
            select(Enrolment.stop_reason, func.count())
            .where(Enrolment.sequence_id == sequence_id, Enrolment.stop_reason.is_not(None))
            .group_by(Enrolment.stop_reason)
        ).all()
    )
    places = [
        _Place(*row)
        for row in session.execute(
            select(Step.id, Step.version_id, Step.position, Step.lineage)
            .join(SequenceVersion)
            .where(SequenceVersion.sequence_id == sequence_id)
        )
    ]
    lineages = {one.step_id: one.lineage for one in places}
    by_lineage: dict[int, dict[MessageState, int]] = {}
    counted = select(Message.step_id, Message.state, func.count()).where(Message.step_id.in_(lineages))
    for step_id, state, number in session.execute(counted.group_by(Message.step_id, Message.state)):
        kept = by_lineage.setdefault(lineages[step_id or 0], {})
        kept[state] = kept.get(state, 0) + number
    total = {state: sum(kept.get(state, 0) for kept in by_lineage.values()) for state in MessageState}
    sent = sum(total[state] for state in LEFT_US)
    steps = _steps(session, sequence_id, by_lineage, places)
    return Funnel(
        enrolled=sum(states.values()),
        states=states,
        exits={reason: number for reason, number in exits.items() if reason is not None},
        steps=steps,
        sent=sent,
        people_written=_people_written(session, list(lineages)),
        replied=_replied(session, list(lineages)),
        bounced=total[MessageState.BOUNCED],
        complained=total[MessageState.COMPLAINED],
        sent_before=sent - sum(one.sent for one in steps),
        coming=_coming(session, sequence_id, {one.step_id: one.position for one in places}, limit=coming),
    )


class _Place(NamedTuple):
    """Where a step stands in its version."""

    step_id: int
    version_id: int
    position: int
    lineage: int


def _steps(
    session: Session,
    sequence_id: int,
    by_lineage: dict[int, dict[MessageState, int]],
    places: list[_Place],
) -> list[StepCount]:
    newest = (
        select(SequenceVersion.id)
        .where(SequenceVersion.sequence_id == sequence_id)
        .order_by(SequenceVersion.number.desc())
        .limit(1)
    )
    lineage_at = {(one.version_id, one.position): one.lineage for one in places}
    waiting: dict[int, int] = {}
    counted = (
        select(Enrolment.version_id, Enrolment.position, func.count())
        .where(Enrolment.sequence_id == sequence_id, Enrolment.state == EnrolmentState.RUNNING)
        .group_by(Enrolment.version_id, Enrolment.position)
    )
    for version_id, position, number in session.execute(counted):
        lineage = lineage_at.get((version_id, position), 0)
        waiting[lineage] = waiting.get(lineage, 0) + number
    steps = session.scalars(
        select(Step).where(Step.version_id == newest.scalar_subquery()).order_by(Step.position)
    )
    return [StepCount(step, by_lineage.get(step.lineage, {}), waiting.get(step.lineage, 0)) for step in steps]


def _people_written(session: Session, step_ids: list[int]) -> int:
    query = select(func.count(func.distinct(Message.prospect_id)))
    return session.scalar(query.where(Message.step_id.in_(step_ids), Message.state.in_(LEFT_US))) or 0


def _replied(session: Session, step_ids: list[int]) -> int:
    """People who answered a mail of this sequence in person."""
    query = (
        select(func.count(func.distinct(InboundMail.prospect_id)))
        .join(Message, Message.id == InboundMail.message_id)
        .where(Message.step_id.in_(step_ids), InboundMail.kind == "person")
    )
    return session.scalar(query) or 0


def _coming(session: Session, sequence_id: int, positions: dict[int, int], *, limit: int) -> list[Coming]:
    """The next mails and tasks: those in the outbox, then those the planner will make."""
    columns = (Prospect.id, Prospect.name, Prospect.address, Company.name)
    queued = (
        select(Message.due_at, Message.step_id, *columns)
        .join(Prospect, Prospect.id == Message.prospect_id)
        .join(Company, Company.id == Prospect.company_id)
        .where(Message.state == MessageState.DUE, Message.step_id.in_(positions))
        .order_by(Message.due_at)
        .limit(limit)
    )
    planned = (
        select(Enrolment.next_due_at, Enrolment.position, *columns)
        .join(Prospect, Prospect.id == Enrolment.prospect_id)
        .join(Company, Company.id == Prospect.company_id)
        .join(Step, (Step.version_id == Enrolment.version_id) & (Step.position == Enrolment.position))
        .where(
            Step.kind != StepKind.WAIT,
            Enrolment.sequence_id == sequence_id,
            Enrolment.state == EnrolmentState.RUNNING,
            Enrolment.next_due_at.is_not(None),
        )
        .order_by(Enrolment.next_due_at)
        .limit(limit)
    )
    found = [
        Coming(at, id_, name or address, firm, positions.get(step_id or 0, 0), queued=True)
        for at, step_id, id_, name, address, firm in session.execute(queued)
    ]
    found += [
        Coming(at, id_, name or address, firm, position, queued=False)
        for at, position, id_, name, address, firm in session.execute(planned)
        if at is not None
    ]
    return sorted(found, key=lambda one: one.at)[:limit]


def overview(session: Session) -> list[tuple[Sequence, dict[EnrolmentState, int], int]]:
    """Every sequence with its enrolments by state and its number of mails that left."""
    counts: dict[int, dict[EnrolmentState, int]] = {}
    grouped = select(Enrolment.sequence_id, Enrolment.state, func.count())
    for id_, state, number in session.execute(grouped.group_by(Enrolment.sequence_id, Enrolment.state)):
        counts.setdefault(id_, {})[state] = number
    sent = dict(
        session.execute(
            select(SequenceVersion.sequence_id, func.count(Message.id))
            .join(Step, Step.version_id == SequenceVersion.id)
            .join(Message, Message.step_id == Step.id)
            .where(Message.state.in_(LEFT_US))
            .group_by(SequenceVersion.sequence_id)
        ).all()
    )
    sequences = session.scalars(select(Sequence).order_by(Sequence.name))
    return [(one, counts.get(one.id, {}), sent.get(one.id, 0)) for one in sequences]
