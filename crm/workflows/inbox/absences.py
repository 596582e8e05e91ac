"""When a sequence goes on for somebody who is away (B16)."""

from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from crm.kernel.workdays import add_working_days
from crm.queries.gate.recipients import recipients
from crm.queries.pages.limits import budgets_held


def back_at(session: Session, prospect_id: int | None, until: date | None, *, now: datetime) -> datetime:
    """Some working days after they are back, or a while from now when nobody knows; as the owner has it.

    However long they are away, there is an end: who is away for longer is asked about then.
    """
    budgets = budgets_held(session)
    if until is None:
        return now + budgets.absence_without_date
    people = recipients(session, [] if prospect_id is None else [prospect_id])
    country = people[prospect_id].country if prospect_id in people else ""
    day = add_working_days(until, budgets.absence_return_working_days, country or None)
    back = datetime.combine(day, time(6), tzinfo=UTC)
    return min(max(back, now), now + budgets.absence_at_most)
