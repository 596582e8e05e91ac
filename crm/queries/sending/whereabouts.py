"""Where somebody is in their sequence, and what their mailbox has left: what "why not?" is answered from."""

from collections.abc import Collection
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.delivery import caps
from crm.delivery.models import Mailbox, Message, MessageState
from crm.delivery.outbox import UNASKED, WAITING
from crm.delivery.pacing import Pace
from crm.kernel.mail import MailKind
from crm.queries.gate.question import Question
from crm.queries.sending.paces import most_a_day, pace_of
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as Series

_OPEN = (*WAITING, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)


class Place(NamedTuple):
    """Somebody in a sequence."""

    enrolment_id: int
    prospect_id: int
    sequence_id: int
    version_id: int
    state: EnrolmentState
    reason: StopReason | None
    detail: str
    position: int
    due_at: datetime | None
    resumes_at: datetime | None
    held_at: datetime | None
    held_due_at: datetime | None
    approved_at: datetime | None
    approved_words: str | None
    enrolled_at: datetime
    series: str
    first_waits: bool


class Waiting(NamedTuple):
    """A message of theirs that waits, leaves, or may have left."""

    id: int
    enrolment_id: int
    state: MessageState
    due_at: datetime
    recipient: str
    mailbox_id: int
    late_from: datetime | None


class Room(NamedTuple):
    """What a mailbox has left today."""

    id: int
    address: str
    pace: Pace
    time_zone: str
    paused_at: datetime | None
    pause_reason: str
    free_at: datetime | None
    day: date
    allowed: int
    used: int


def places(session: Session, prospect_ids: Collection[int]) -> dict[int, Place]:
    """Their running or paused enrolments, by prospect."""
    query = (
        select(
            Enrolment.id, Enrolment.prospect_id, Enrolment.sequence_id, Enrolment.version_id, Enrolment.state,
            Enrolment.stop_reason, Enrolment.stop_detail, Enrolment.position, Enrolment.next_due_at,
            Enrolment.resumes_at, Enrolment.held_at, Enrolment.held_due_at, Enrolment.approved_at,
            Enrolment.approved_words, Enrolment.enrolled_at, Series.name, Series.first_waits,
        )
        .join(Series, Series.id == Enrolment.sequence_id)
        .where(Enrolment.prospect_id.in_(prospect_ids), Enrolment.state.in_(ACTIVE))
    )  # fmt: skip
    return {row[1]: Place._make(row) for row in session.execute(query)}


def next_mail(prospect_id: int, place: Place | None) -> Question:
    """What the gate is asked: their sequence, if they are in one, does not compete with itself."""
    if place is None:
        return Question(prospect_id=prospect_id)
    return Question(
        prospect_id=prospect_id,
        sequence_id=place.sequence_id,
        enrolment_id=place.enrolment_id,
        enrolled_at=place.enrolled_at,
    )


def waiting(session: Session, enrolment_ids: Collection[int]) -> dict[int, Waiting]:
    """Messages of sequences that are not settled, by enrolment; of several the newest."""
    query = select(
        Message.id,
        Message.enrolment_id,
        Message.state,
        Message.due_at,
        Message.recipient,
        Message.mailbox_id,
        Message.late_from,
    ).where(Message.enrolment_id.in_(enrolment_ids), Message.state.in_(_OPEN))
    rows = session.execute(query.order_by(Message.id)).all()
    return {row[1]: Waiting(*row) for row in rows if row[1] is not None}  # type: ignore[arg-type] # looked at


def at_a_task(session: Session, enrolment_ids: Collection[int]) -> dict[int, str]:
    """What a colleague has to do before a sequence goes on, by enrolment."""
    query = select(Task.enrolment_id, Task.title).where(
        Task.enrolment_id.in_(enrolment_ids), Task.kind == TaskKind.STEP, tasks.is_open()
    )
    return {one: title for one, title in session.execute(query) if one is not None}


def rooms(session: Session, now: datetime) -> dict[int, Room]:
    """Every mailbox today."""
    found, most = {}, most_a_day(session)
    for row in session.scalars(select(Mailbox)):
        day = caps.day_of(now, row.time_zone)
        pace = pace_of(row, most)
        found[row.id] = Room(
            row.id, row.address, pace, row.time_zone, row.paused_at, row.pause_reason, row.free_at, day,
            caps.allowed(session, row.id, day, pace), caps.used(session, row.id, day),
        )  # fmt: skip
    return found


def in_front(session: Session, mailbox_id: int, *, until: datetime, id_: int | None) -> int:
    """Messages of a mailbox that wait and go before one: due earlier, or a colleague's own."""
    earlier = Message.due_at < until
    if id_ is not None:
        earlier = or_(earlier, and_(Message.due_at == until, Message.id < id_))
    query = (
        select(func.count())
        .select_from(Message)
        .outerjoin(Enrolment, Enrolment.id == Message.enrolment_id)
        .outerjoin(Series, Series.id == Enrolment.sequence_id)
        .where(
            Message.mailbox_id == mailbox_id,
            Message.state == MessageState.DUE,
            Message.kind.in_(UNASKED),
            or_(earlier, and_(Message.kind == MailKind.MANUAL, Message.due_at <= until)),
            or_(Enrolment.id.is_(None), Enrolment.state == EnrolmentState.RUNNING),
            Series.paused_at.is_(None),
        )
    )
    return session.scalar(query) or 0
