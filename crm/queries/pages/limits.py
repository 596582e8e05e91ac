"""Mailboxes and limits as the page shows them: what holds, what it was, who changed it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery import caps
from crm.delivery.models import Mailbox
from crm.delivery.pacing import Pace
from crm.kernel.zones import local_day
from crm.operations import rules
from crm.permission.budgets import Budgets
from crm.permission.rules import RULES, Rule, budgets_of
from crm.queries.sending.paces import most_a_day, pace_of
from crm.staff.models import Staff


@dataclass(frozen=True, slots=True)
class Limit:
    """One number."""

    rule: Rule
    value: int
    was: int | None
    """None while nobody has changed it."""

    by: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Box:
    """One mailbox, today."""

    row: Mailbox
    pace: Pace
    used: int
    allowed: int
    """The day's allowance: less than the cap while it is new."""


def budgets_held(session: Session) -> Budgets:
    """The budgets that hold now, with what the owner changed."""
    return budgets_of({name: row.value for name, row in rules.changed(session).items()})


def limits(session: Session) -> list[Limit]:
    """Every number of the house, changed or not."""
    changed = rules.changed(session)
    ids = {row.changed_by for row in changed.values() if row.changed_by is not None}
    names: dict[int, str] = dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids))).all())
    found = []
    for name, rule in RULES.items():
        row = changed.get(name)
        if row is None:
            found.append(Limit(rule, rule.default, None, "", None))
        else:
            by = names.get(row.changed_by or 0, "the command line")
            found.append(Limit(rule, row.value, row.was, by, row.changed_at))
    return found


def boxes(session: Session, *, now: datetime) -> list[Box]:
    """Every mailbox, by address."""
    found, most = [], most_a_day(session)
    for row in session.scalars(select(Mailbox).order_by(Mailbox.address)):
        pace = pace_of(row, most)
        day: date = local_day(now, row.time_zone)
        found.append(
            Box(row, pace, caps.used(session, row.id, day), caps.allowed(session, row.id, day, pace))
        )
    return found
