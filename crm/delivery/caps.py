"""Daily caps: how many messages a mailbox may send on one of its local days (I06)."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.models import MailboxDay
from crm.kernel.zones import zone_for

_days = MailboxDay.metadata.tables["mailbox_days"]
_d = _days.c

Slot = tuple[int, date]
"""A mailbox and the day it was reserved on."""


def day_of(now: datetime, time_zone: str) -> date:
    """The date on the wall of a mailbox's office: a cap's day ends at midnight there."""
    return now.astimezone(zone_for(None, time_zone).zone).date()


def left(session: Session, mailbox_id: int, day: date, *, cap: int) -> int:
    """How many slots nobody has; never below 0, also when the cap was lowered during the day."""
    used = session.scalar(select(_d.used).where(_d.mailbox_id == mailbox_id, _d.day == day))
    return max(cap - (used or 0), 0)


def reserve(session: Session, mailbox_id: int, day: date, *, wanted: int, cap: int) -> int:
    """Take up to `wanted` slots of a day; how many it are.

    The row is locked until the transaction ends, so two workers never take the same slot.
    """
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(_days).values(mailbox_id=mailbox_id, day=day, used=0)
    session.execute(fresh.on_conflict_do_nothing())
    here = (_d.mailbox_id == mailbox_id, _d.day == day)
    used: int = session.execute(select(_d.used).where(*here).with_for_update()).scalar_one()
    granted = max(min(wanted, cap - used), 0)
    if granted:
        session.execute(update(_days).where(*here).values(used=_d.used + granted))
    return granted


def give_back(session: Session, slots: Iterable[Slot]) -> None:
    """Return slots of messages that did not leave."""
    # In one order, so that two workers never wait for each other.
    for (mailbox_id, day), count in sorted(Counter(slots).items()):
        session.execute(
            update(_days)
            .where(_d.mailbox_id == mailbox_id, _d.day == day)
            .values(used=case((_d.used > count, _d.used - count), else_=0))
        )
