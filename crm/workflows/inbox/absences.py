"""When a sequence goes on for somebody who is away (B16)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.workdays import add_working_days
from crm.queries.recipients import recipients

UNKNOWN: Final = timedelta(days=14)
"""For how long, when they do not say."""

MOST: Final = timedelta(days=60)
"""However long they are away: who is away for longer is asked about then."""


def back_at(session: Session, prospect_id: int | None, until: date | None, *, now: datetime) -> datetime:
    """The working day after they are back, at most sixty days from now; fourteen days when nobody knows."""
    if until is None:
        return now + UNKNOWN
    people = recipients(session, [] if prospect_id is None else [prospect_id])
    country = people[prospect_id].country if prospect_id in people else ""
    day = add_working_days(until, 1, country or None)
    back = datetime.combine(day, time(6), tzinfo=UTC)
    return min(max(back, now), now + MOST)
