"""When a step is due: working days of the recipient, hours of the recipient, an instant in UTC (I08)."""

from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from zoneinfo import ZoneInfo

from crm.kernel.workdays import NO_DATES, add_working_days, is_working_day, working_days_between
from crm.kernel.zones import LocalZone, instant, valid_zone, zone_for
from crm.sequences.window import OFFICE_HOURS, SendWindow

__all__ = [
    "LATE_AFTER",
    "OFFICE_HOURS",
    "LocalZone",
    "SendWindow",
    "add_working_days",
    "is_too_late",
    "next_due",
    "release_at",
    "valid_zone",
    "working_days_between",
    "zone_for",
]

LATE_AFTER: Final = 3
"""Working days after which an overdue step is skipped and becomes a task, so that downtime makes no flood."""

SPREAD: Final = timedelta(hours=1)
"""How far releases after a closed window are spread, so that Monday at nine is not a burst."""


def next_due(  # noqa: PLR0913 - all by name; they are the things that decide
    *,
    after: datetime,
    working_days: int,
    zone: ZoneInfo,
    country: str | None,
    seed: int | str,
    window: SendWindow = OFFICE_HOURS,
    extra_holidays: AbstractSet[date] = NO_DATES,
) -> datetime:
    """The moment, in UTC, at which a step is due: `working_days` after `after`, in the window.

    With 0 working days it is still today while the window is open, else on the next working day. The place in
    the window follows from the seed alone, so planning twice gives one answer and a thousand are spread.

    Raises:
        ValueError: `after` is naive, or the days are negative.
    """
    if after.tzinfo is None:
        raise ValueError("the planner needs an aware moment")
    opening, closing = _span(after, working_days, zone, country, window, frozenset(extra_holidays))
    return _place(opening, closing, seed, window, zone)


@lru_cache(maxsize=1_024)
def _span(
    after: datetime,
    working_days: int,
    zone: ZoneInfo,
    country: str | None,
    window: SendWindow,
    closed: frozenset[date],
) -> tuple[datetime, datetime]:
    """From when to when a step may be due. Asked with one midnight for everybody whose turn did not come."""
    day = add_working_days(after.astimezone(zone).date(), working_days, country, closed)
    while True:
        hours = window.on(day, zone) if day.weekday() in window.days else None
        if hours is not None and after < hours[1]:
            return max(after.astimezone(UTC), hours[0]), hours[1]
        day = add_working_days(day + timedelta(days=1), 0, country, closed)


def release_at(
    now: datetime,
    *,
    zone: ZoneInfo,
    country: str | None,
    seed: int | str | None = None,
    window: SendWindow = OFFICE_HOURS,
    extra_holidays: AbstractSet[date] = NO_DATES,
) -> datetime:
    """The first moment, in UTC, from `now` on at which a due message may leave: `now` itself in the window.

    With a seed, what was held back is spread over the first hour after the opening.
    """
    here = now.astimezone(zone)
    is_open = here.weekday() in window.days and window.has(now, zone)
    if is_open and is_working_day(here.date(), country, extra_holidays):
        return now.astimezone(UTC)
    opening = _next_opening(now, zone, country, window, extra_holidays)
    if seed is None:
        return opening
    closing = instant(datetime.combine(opening.astimezone(zone).date(), window.closes), zone)
    return _place(opening, min(opening + SPREAD, closing), seed, window, zone)


def is_too_late(
    due_at: datetime, now: datetime, *, zone: ZoneInfo, country: str | None, after: int = LATE_AFTER
) -> bool:
    """Tell whether a step was due so long ago that it becomes a task instead of a late mail.

    `after`: working days it may be late.
    """
    if now - due_at < timedelta(days=after):
        return False  # fewer days than that hold no more working days
    due, today = due_at.astimezone(zone).date(), now.astimezone(zone).date()
    return working_days_between(due, today, country) > after


def _next_opening(
    now: datetime, zone: ZoneInfo, country: str | None, window: SendWindow, closed: AbstractSet[date]
) -> datetime:
    day = add_working_days(now.astimezone(zone).date(), 0, country, closed)
    while True:
        hours = window.on(day, zone) if day.weekday() in window.days else None
        if hours is not None and now <= hours[0]:
            return hours[0]
        if hours is not None and now < hours[1]:
            return _inside(now.astimezone(UTC), window, zone)
        day = add_working_days(day + timedelta(days=1), 0, country, closed)


def _place(
    opening: datetime, closing: datetime, seed: int | str, window: SendWindow, zone: ZoneInfo
) -> datetime:
    """A moment in [opening, closing) that follows from the seed."""
    digest = blake2b(str(seed).encode(), digest_size=8).digest()
    share = int.from_bytes(digest) / (1 << 64)
    seconds = int((closing - opening).total_seconds() * share)
    return _inside(opening + timedelta(seconds=seconds), window, zone)


def _inside(moment: datetime, window: SendWindow, zone: ZoneInfo) -> datetime:
    """The moment itself, or the second opening of a day whose clocks went back over the first one."""
    if window.has(moment, zone):
        return moment
    here = moment.astimezone(zone)
    return instant(datetime.combine(here.date(), window.opens), zone, second=True)
