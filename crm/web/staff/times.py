"""Dates and times as colleagues read them: on Amsterdam's clocks, short, relative only under a day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOME = ZoneInfo("Europe/Amsterdam")


def local(at: datetime, zone: ZoneInfo = HOME) -> datetime:
    """A moment on the wall clock of a zone."""
    return at.astimezone(zone)


def day(at: datetime, now: datetime) -> str:
    """`Today`, `Yesterday`, `Thu 26 Nov`, with the year when it is another one."""
    here, today = local(at), local(now)
    apart = (here.date() - today.date()).days
    if apart in {0, -1, 1}:
        return {0: "Today", -1: "Yesterday", 1: "Tomorrow"}[apart]
    year = f" {here.year}" if here.year != today.year else ""
    return f"{here:%a} {here.day} {here:%b}{year}"


def clock(at: datetime) -> str:
    """`14:05`."""
    return f"{local(at):%H:%M}"


def short(at: datetime, now: datetime) -> str:
    """The time when it is today, else the day and the time."""
    if local(at).date() == local(now).date():
        return clock(at)
    return f"{day(at, now)} {clock(at)}"


def brief(at: datetime, now: datetime) -> str:
    """The time when it is today, else the day alone: for a list, where names need the room."""
    return clock(at) if local(at).date() == local(now).date() else day(at, now)


def inside(said: str) -> str:
    """The same within a sentence: `tomorrow`, not `Tomorrow`."""
    return said[0].lower() + said[1:] if said.startswith(("Today", "Yesterday", "Tomorrow")) else said


def ago(at: datetime, now: datetime) -> str:
    """How long ago under an hour, then the time, and from the day before on the day."""
    passed = now - at
    if timedelta() <= passed < timedelta(minutes=1):
        return "just now"
    if timedelta() <= passed < timedelta(hours=1):
        return f"{int(passed.total_seconds() // 60)} min ago"
    return brief(at, now)


def long_day(at: datetime) -> str:
    """`Tuesday 24 November`."""
    here = local(at)
    return f"{here:%A} {here.day} {here:%B}"


def midnight(at: datetime) -> datetime:
    """The beginning of our day."""
    return local(at).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def end_of_day(at: datetime) -> datetime:
    """The beginning of our next day; an hour sooner or later in the night the clocks change."""
    return (local(at).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).astimezone(UTC)
