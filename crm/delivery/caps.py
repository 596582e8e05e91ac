"""Daily caps: how many messages a mailbox may send on one of its local days (I06)."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import Executable, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.models import MailboxDay
from crm.delivery.pacing import Pace, allowance
from crm.kernel.prepared import Prepared
from crm.kernel.zones import zone_for

_days = MailboxDay.metadata.tables["mailbox_days"]
_d = _days.c

Slot = tuple[int, date]
"""A mailbox and the day it was reserved on."""


def day_of(now: datetime, time_zone: str) -> date:
    """The date on the wall of a mailbox's office: a cap's day ends at midnight there."""
    return now.astimezone(zone_for(None, time_zone).zone).date()


def _fresh(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    day = insert(_days).values(mailbox_id=bindparam("mailbox"), day=bindparam("date"), used=0)
    return day.on_conflict_do_nothing()


_HERE = (_d.mailbox_id == bindparam("mailbox"), _d.day == bindparam("date"))
_FRESH = Prepared(_fresh)
_USED = Prepared(select(_d.used).where(*_HERE))
_SENT_DAYS = Prepared(
    select(_d.day)
    .where(_d.mailbox_id == bindparam("mailbox"), _d.day < bindparam("date"), _d.used > 0)
    .limit(bindparam("most"))
)
_LOCKED = Prepared(select(_d.used).where(*_HERE).with_for_update())
_TAKE = Prepared(update(_days).where(*_HERE).values(used=_d.used + bindparam("count")))
_RETURN = Prepared(
    update(_days)
    .where(*_HERE)
    .values(used=case((_d.used > bindparam("count"), _d.used - bindparam("count")), else_=0))
)


def used(session: Session, mailbox_id: int, day: date) -> int:
    """How many slots of a day are taken."""
    rows = _USED.rows(session, mailbox=mailbox_id, date=day)
    return rows[0][0] if rows else 0


def allowed(session: Session, mailbox_id: int, day: date, pace: Pace) -> int:
    """The slots of a day: the cap, and less while the mailbox is new."""
    if not pace.is_ramping:
        return pace.daily_cap
    rows = _SENT_DAYS.rows(session, mailbox=mailbox_id, date=day, most=max(pace.ramp_days, 1))
    return allowance(pace, sent_days=len(rows))


def left(session: Session, mailbox_id: int, day: date, *, cap: int) -> int:
    """How many slots nobody has; never below 0, also when the cap was lowered during the day."""
    return max(cap - used(session, mailbox_id, day), 0)


def reserve(session: Session, mailbox_id: int, day: date, *, wanted: int, cap: int) -> int:
    """Take up to `wanted` slots of a day; how many it are.

    The row is locked until the transaction ends, so two workers never take the same slot.
    """
    _FRESH.run(session, mailbox=mailbox_id, date=day)
    [(taken,)] = _LOCKED.rows(session, mailbox=mailbox_id, date=day)
    granted: int = max(min(wanted, cap - taken), 0)
    if granted:
        _TAKE.run(session, mailbox=mailbox_id, date=day, count=granted)
    return granted


def give_back(session: Session, slots: Iterable[Slot]) -> None:
    """Return slots of messages that did not leave."""
    # In one order, so that two workers never wait for each other.
    for (mailbox_id, day), count in sorted(Counter(slots).items()):
        _RETURN.run(session, mailbox=mailbox_id, date=day, count=count)
