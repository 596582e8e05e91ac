"""Working days: Monday to Friday, less the public holidays of the Netherlands and the recipient's country.

Two rooms count in them: the planner spaces the steps, and the gate keeps the distance between mails.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Set as AbstractSet
from datetime import MAXYEAR, date
from functools import lru_cache
from typing import Final

import holidays

HOME: Final = "NL"
"""Where our own people are at their desks."""

NO_DATES: Final[frozenset[date]] = frozenset()
SATURDAY: Final = 5  # date.weekday()

# A country whose nationwide list leaves out what most of its businesses close for.
_SUBDIVISION: Final = {"GB": "ENG"}
_KNOWN_YEARS: Final = range(1990, 2101)  # outside them the rules of moving feasts are guesses


@lru_cache(maxsize=8_192)
def public_holidays(country: str | None, year: int) -> frozenset[date]:
    """The holidays of one year, ours and the recipient's (ISO 3166-1 alpha-2; unknown country: only ours)."""
    if year not in _KNOWN_YEARS:
        return NO_DATES
    return _of(HOME, year) | (_of(country, year) if country and country != HOME else NO_DATES)


def _of(country: str, year: int) -> frozenset[date]:
    if country not in _supported():
        return NO_DATES
    return frozenset(holidays.country_holidays(country, subdiv=_SUBDIVISION.get(country), years=year))


@lru_cache(maxsize=1)
def _supported() -> frozenset[str]:
    return frozenset(holidays.list_supported_countries(include_aliases=False))


@lru_cache(maxsize=8_192)
def _ordinals(country: str | None, year: int) -> tuple[int, ...]:
    """The working days of a year as proleptic ordinals, in order."""
    free = {day.toordinal() for day in public_holidays(country, year)}
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    # Ordinal 1 was a Monday, so (ordinal - 1) % 7 is date.weekday().
    return tuple(n for n in range(first, last + 1) if (n - 1) % 7 < SATURDAY and n not in free)


def is_working_day(day: date, country: str | None, closed: AbstractSet[date] = NO_DATES) -> bool:
    """Tell whether people are at work that day; `closed` names further days on which they are not."""
    return day.weekday() < SATURDAY and day not in public_holidays(country, day.year) and day not in closed


def add_working_days(
    start: date, count: int, country: str | None, closed: AbstractSet[date] = NO_DATES
) -> date:
    """The working day `count` working days after `start`; with 0, `start` itself or the first one after it.

    From a Saturday, 1 is Monday. Ends at the last day of the calendar rather than overflow.

    Raises:
        ValueError: the count is negative.
    """
    if count < 0:
        raise ValueError("working days are counted forward")
    wanted = max(count, 1)
    find = bisect_right if count else bisect_left
    for year in range(start.year, MAXYEAR + 1):
        days = _ordinals(country, year)
        first = find(days, start.toordinal()) if year == start.year else 0
        if closed:
            days, first = tuple(n for n in days[first:] if date.fromordinal(n) not in closed), 0
        if first + wanted <= len(days):
            return date.fromordinal(days[first + wanted - 1])
        wanted -= len(days) - first
    return date.max


def working_days_between(
    start: date, end: date, country: str | None, closed: AbstractSet[date] = NO_DATES
) -> int:
    """How many working days lie after `start` up to and including `end`; negative when `end` is earlier."""
    if end < start:
        return -working_days_between(end, start, country, closed)
    after, upto = start.toordinal(), end.toordinal()
    count = 0
    for year in range(start.year, end.year + 1):
        days = _ordinals(country, year)
        count += bisect_right(days, upto) - bisect_right(days, after)
    # Removed one by one: a set of extra days is small, the span may be long.
    extra = (day for day in closed if start < day <= end and is_working_day(day, country))
    return count - sum(1 for _ in extra)
