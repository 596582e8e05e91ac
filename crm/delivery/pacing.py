"""How fast a mailbox sends: a day's allowance, and the wait after each mail. Pure.

The claim, the planner and every forecast ask these same functions, so a forecast can be exact: the wait after
the n-th mail of a mailbox's day follows from the mailbox, the day and n alone. All of it is calendar time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one mailbox may do. It counts mail that nobody asked for; answers and links are not held up."""

    daily_cap: int
    """Messages a local day."""

    gap: timedelta = timedelta()
    """Between two of them, at least."""

    jitter: timedelta = timedelta()
    """Added to the gap, at most."""

    ramp_start: int = 0
    """Messages on the first day that it sends; 0 is the whole cap from the start."""

    ramp_step: int = 0
    """More of them after each day on which it sent."""

    COLUMNS: ClassVar = ("daily_cap", "gap_seconds", "jitter_seconds", "ramp_start", "ramp_step")

    @classmethod
    def of(cls, row: Mapping[str, int], *, most: int | None = None) -> Self:
        """From the columns of a mailbox; `most`: what no mailbox may exceed in a day."""
        cap = row["daily_cap"]
        return cls(
            daily_cap=cap if most is None else min(cap, most),
            gap=timedelta(seconds=row["gap_seconds"]),
            jitter=timedelta(seconds=row["jitter_seconds"]),
            ramp_start=row["ramp_start"],
            ramp_step=row["ramp_step"],
        )

    @property
    def is_spaced(self) -> bool:
        """Tell whether one mail keeps the next one waiting."""
        return bool(self.gap or self.jitter)

    @property
    def ramp_days(self) -> int:
        """Days with mail until the cap itself holds; 0 without a ramp, and with one that never rises."""
        if not self.is_ramping or self.ramp_step <= 0:
            return 0
        return -(-(self.daily_cap - self.ramp_start) // self.ramp_step)

    @property
    def is_ramping(self) -> bool:
        """Tell whether the first days have less than the cap."""
        return 0 < self.ramp_start < self.daily_cap


def allowance(pace: Pace, *, sent_days: int) -> int:
    """Messages of a day; `sent_days`: earlier local days on which the mailbox sent anything."""
    if not pace.is_ramping:
        return pace.daily_cap
    return min(pace.daily_cap, pace.ramp_start + max(pace.ramp_step, 0) * sent_days)


def wait_after(pace: Pace, *, mailbox_id: int, day: date, number: int) -> timedelta:
    """How long a mailbox rests after its `number`-th mail (from 1) of a local day."""
    seed = f"{mailbox_id}:{day.isoformat()}:{number}".encode()
    share = int.from_bytes(blake2b(seed, digest_size=8).digest()) / (1 << 64)
    return pace.gap + timedelta(seconds=int(pace.jitter.total_seconds() * share))


def is_free(free_at: datetime | None, now: datetime) -> bool:
    """Tell whether the wait after the last mail is over."""
    return free_at is None or free_at <= now
