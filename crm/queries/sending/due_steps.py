"""What the planner finds due, and what stood in the threads before."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox, Message
from crm.delivery.pacing import Pace
from crm.delivery.states import LEFT
from crm.kernel.prepared import Prepared, among, beside, one_of
from crm.queries.sending.paces import paces
from crm.sequences.enrolments import ACTIVE
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
    held_due_at: datetime | None = None
    """When it was due before a pause of ours held it up."""

    approved_at: datetime | None = None
    """When a colleague approved their first mail."""

    approved_words: str | None = None
    """A digest of the words they approved."""

    revision: int = 0
    """Another one when what their next mail rests on changed meanwhile."""

    tried_as: str | None = None
    """The public id of their next mail, where a copy of it may have left already."""

    @property
    def late_from(self) -> datetime:
        """The moment its lateness counts from."""
        return self.held_due_at or self.due_at


_DUE = Prepared(
    select(
        _e.id, _e.prospect_id, _e.sequence_id, _e.version_id, _e.position, _e.next_due_at, _e.enrolled_at,
        _e.held_due_at, _e.approved_at, _e.approved_words, _e.revision, _e.tried_as,
    )
    .where(_e.state == EnrolmentState.RUNNING, _e.next_due_at <= bindparam("until"))
    .order_by(_e.next_due_at)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)  # fmt: skip
_THESE = Prepared(
    select(
        _e.id, _e.prospect_id, _e.sequence_id, _e.version_id, _e.position, _e.next_due_at, _e.enrolled_at,
        _e.held_due_at, _e.approved_at, _e.approved_words, _e.revision, _e.tried_as,
    ).where(one_of(_e.id, "ids"), among(beside(_e.state), ACTIVE))
)  # fmt: skip
_RUNNING = Prepared(
    select(_e.id, _e.position, _e.version_id, _e.revision, _e.next_due_at)
    .where(one_of(_e.id, "ids"), beside(_e.state) == EnrolmentState.RUNNING)
    .order_by(_e.id)
    .with_for_update(key_share=True)
)


def due_steps(session: Session, *, until: datetime, limit: int, skip: int = 0) -> list[DueStep]:
    """Running enrolments whose moment is no later than `until`, the longest due first."""
    return [DueStep._make(row) for row in _DUE.rows(session, until=until, most=limit, skip=skip)]


def steps_of(session: Session, enrolment_ids: Collection[int]) -> list[DueStep]:
    """Where these are, due or not; without those whose enrolment ended or never was."""
    return [DueStep._make(row) for row in _THESE.rows(session, ids=list(enrolment_ids))]


class Standing(NamedTuple):
    """Where enrolments are at the moment of writing, by their ids; all of them locked."""

    here: set[int]
    """At the same step of the same version, running, and nothing changed about their mail."""

    waiting: set[int]
    """Those of them whose step nobody made meanwhile."""


def standing(session: Session, steps: Collection[DueStep]) -> Standing:
    """Which of the enrolments are still as they were when the steps were read."""
    rows = _RUNNING.rows(session, ids=[step.enrolment_id for step in steps])
    due_at = {tuple(place): at for *place, at in rows}
    places = {
        one.enrolment_id: (one.enrolment_id, one.position, one.version_id, one.revision) for one in steps
    }
    here = {id_ for id_, place in places.items() if place in due_at}
    return Standing(here, waiting={id_ for id_ in here if due_at[places[id_]] is not None})


class Earlier(NamedTuple):
    """A mail of an enrolment that left."""

    version_id: int
    lineage: int
    begins: bool
    """It had a subject of its own."""

    public_id: str
    subject: str
    mailbox_id: int


_EARLIER = Prepared(
    select(
        _m.enrolment_id, _s.version_id, _s.lineage, _s.subject, _m.public_id, _m.subject_line, _m.mailbox_id
    )
    .select_from(Message.metadata.tables["messages"])
    .join(Step.metadata.tables["steps"], _s.id == _m.step_id)
    .where(one_of(_m.enrolment_id, "ids"), among(beside(_m.state), LEFT))
    .order_by(_m.id)
)


def earlier_mails(session: Session, enrolment_ids: Collection[int]) -> dict[int, list[Earlier]]:
    """What left before, by enrolment, in the order in which it was planned."""
    found: dict[int, list[Earlier]] = {}
    for row in _EARLIER.rows(session, ids=list(enrolment_ids)):
        enrolment_id, version_id, lineage, subject, *rest = row
        found.setdefault(enrolment_id, []).append(Earlier(version_id, lineage, bool(subject), *rest))
    return found


class SenderRow(NamedTuple):
    """A mailbox, as letters and caps know it."""

    id: int
    address: str
    display_name: str
    sender_name: str
    time_zone: str
    pace: Pace


def senders(session: Session, mailbox_ids: Collection[int]) -> dict[int, SenderRow]:
    """Mailboxes by id."""
    m = Mailbox.metadata.tables["mailboxes"].c
    holds = paces(session)
    query = select(m.id, m.address, m.display_name, m.sender_name, m.time_zone).where(m.id.in_(mailbox_ids))
    return {row[0]: SenderRow(*row, holds[row[0]]) for row in session.execute(query)}
