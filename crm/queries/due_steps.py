"""What the planner finds due, and what stood in the threads before."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox, Message
from crm.delivery.states import LEFT
from crm.kernel.prepared import Prepared, one_of
from crm.sequences.models import Enrolment, EnrolmentState, Step

_e = Enrolment.metadata.tables["enrolments"].c
_m = Message.metadata.tables["messages"].c
_s = Step.metadata.tables["steps"].c


class DueStep(NamedTuple):
    """An enrolment whose step the planner should make."""

    enrolment_id: int
    prospect_id: int
    sequence_id: int
    version_id: int
    position: int
    due_at: datetime
    enrolled_at: datetime


_DUE = Prepared(
    select(_e.id, _e.prospect_id, _e.sequence_id, _e.version_id, _e.position, _e.next_due_at, _e.enrolled_at)
    .where(_e.state == EnrolmentState.RUNNING, _e.next_due_at <= bindparam("until"))
    .order_by(_e.next_due_at)
    .limit(bindparam("most"))
)
_RUNNING = Prepared(
    select(_e.id, _e.position).where(one_of(_e.id, "ids"), _e.state == EnrolmentState.RUNNING)
)


def due_steps(session: Session, *, until: datetime, limit: int) -> list[DueStep]:
    """Running enrolments whose moment is no later than `until`, the longest due first."""
    return [DueStep._make(row) for row in _DUE.rows(session, until=until, most=limit)]


def still_due(session: Session, steps: Collection[DueStep]) -> set[int]:
    """Those of the enrolments that still run and wait at the same step."""
    here = set(_RUNNING.rows(session, ids=[step.enrolment_id for step in steps]))
    return {step.enrolment_id for step in steps if (step.enrolment_id, step.position) in here}


class Earlier(NamedTuple):
    """A mail of an enrolment that left."""

    position: int
    public_id: str
    subject: str


def earlier_mails(session: Session, enrolment_ids: Collection[int]) -> dict[int, list[Earlier]]:
    """What left before, by enrolment, in the order of the steps."""
    query = (
        select(_m.enrolment_id, _s.position, _m.public_id, _m.subject_line)
        .select_from(Message.metadata.tables["messages"])
        .join(Step.metadata.tables["steps"], _s.id == _m.step_id)
        .where(_m.enrolment_id.in_(enrolment_ids), _m.state.in_(LEFT))
        .order_by(_s.position)
    )
    found: dict[int, list[Earlier]] = {}
    for row in session.execute(query):
        found.setdefault(row[0], []).append(Earlier._make(row[1:]))
    return found


class SenderRow(NamedTuple):
    """A mailbox, as letters and caps know it."""

    id: int
    address: str
    display_name: str
    sender_name: str
    time_zone: str
    daily_cap: int


def senders(session: Session, mailbox_ids: Collection[int]) -> dict[int, SenderRow]:
    """Mailboxes by id."""
    m = Mailbox.metadata.tables["mailboxes"].c
    query = select(m.id, m.address, m.display_name, m.sender_name, m.time_zone, m.daily_cap).where(
        m.id.in_(mailbox_ids)
    )
    return {row[0]: SenderRow._make(row) for row in session.execute(query)}
