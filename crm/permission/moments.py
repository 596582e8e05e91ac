"""Dates the gate can always reckon with: a wrong one may be far away, but never makes the gate fall over."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from crm.kernel.zones import instant

_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(2900, 1, 1, tzinfo=UTC)


def bounded(moment: datetime) -> datetime:
    """The moment in UTC, pulled into 1900 to 2900. A naive one is taken for UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(aware, _FIRST), _LAST).astimezone(UTC)


def bounded_day(day: date) -> date:
    """The day, pulled into the same years."""
    return min(max(day, _FIRST.date()), _LAST.date())


def noon_of(day: date) -> datetime:
    """A moment that shows this date on nearly every clock: for dates that are only dates."""
    return datetime.combine(bounded_day(day), time(12), UTC)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day there, in UTC."""
    return instant(datetime.combine(day, time.min), zone)


@lru_cache(maxsize=4_096)
def notice_deadline(obtained_on: date, days: int) -> date:
    """The last day on which to tell a person that we have their data.

    One month (GDPR article 14(3)(a)) or so many days, whichever ends first: 31 January gives 28 February.
    """
    day = bounded_day(obtained_on)
    # The last day of the next month, or the same number in it when it has one.
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    last = (next_month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return min(day + timedelta(days=days), last if last.day < day.day else next_month.replace(day=day.day))
