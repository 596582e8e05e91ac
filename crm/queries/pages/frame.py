"""The few numbers that stand around every staff page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery import caps
from crm.delivery.models import Mailbox, MailboxDay, Message, MessageState
from crm.kernel.zones import local_day
from crm.operations import heartbeat, switches
from crm.operations.models import Alarm
from crm.queries.pages import held, open_tasks
from crm.queries.pages.today import needs_somebody
from crm.queries.sending import paces

CAPPED = 100  # more than this is shown as the same: nobody reads the number


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for this colleague, and how sending goes."""

    today: int
    uncertain: int
    held: int
    """First mails that wait for approval."""

    used: int
    cap: int
    next_at: datetime | None
    paused: bool
    alive: bool


def _up_to(session: Session, *conditions: ColumnElement[bool]) -> int:
    """Count rows, but never more than anybody reads."""
    some = select(1).where(*conditions).limit(CAPPED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def counts(
    session: Session, *, staff_id: int, resolves: bool, day_ends: datetime, now: datetime, real_now: datetime
) -> Counts:
    """Read the numbers: a handful of indexed look-ups, the same at any size of the database.

    Args:
        session: to read with.
        staff_id: whose Today is counted.
        resolves: whether Today shows them the messages in doubt.
        day_ends: what is due before this moment is today's.
        now: on the calendar clock.
        real_now: on the real one.
    """
    replies = _up_to(session, needs_somebody())
    tasks = _up_to(session, open_tasks.waiting(), Task.due_at < day_ends, open_tasks.of(staff_id))
    uncertain = _up_to(session, Message.state == MessageState.UNCERTAIN)
    boxes, holds = session.execute(select(Mailbox.id, Mailbox.time_zone)).all(), paces.paces(session)
    days = {box.id: local_day(now, box.time_zone) for box in boxes}
    used = sum(
        session.scalar(select(MailboxDay.used).where(MailboxDay.mailbox_id == box, MailboxDay.day == day))
        or 0
        for box, day in days.items()
    )
    return Counts(
        today=replies + tasks + (uncertain if resolves else 0) + _up_to(session, Alarm.resolved_at.is_(None)),
        uncertain=uncertain,
        held=held.how_many(session, up_to=CAPPED),
        used=used,
        cap=sum(caps.allowed(session, box, day, holds[box]) for box, day in days.items()),
        next_at=session.scalar(select(func.min(Message.due_at)).where(Message.state == MessageState.DUE)),
        paused=switches.is_on(session, switches.PAUSED),
        alive=heartbeat.is_alive(session, heartbeat.SCHEDULER, at=real_now),
    )
