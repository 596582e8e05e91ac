"""When the scheduler looks, in a rehearsal: ticks counted from its start."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

PLANS_EVERY: Final = timedelta(minutes=1)
SENDS_EVERY: Final = timedelta(seconds=1)
"""The scheduler's own ticks."""


class Ticks(NamedTuple):
    """When the planner and the sender look, counted from the start. At one moment the planner is first."""

    plan: timedelta = PLANS_EVERY
    send: timedelta = SENDS_EVERY


def tick_from(
    moment: datetime, starts: datetime, every: timedelta, *, after: datetime | None = None
) -> datetime:
    """The first tick from a moment on, later than the last one."""
    behind = moment if after is None else max(moment, after + every)
    if behind <= starts:
        return starts
    return starts + every * -(-(behind - starts) // every)
