"""The two clocks. Nothing else in the program reads the time.

*Calendar* time decides due instants, windows, days and retention; in the demo it runs fast.
*Real* time decides leases, time-outs, health, sessions and signatures; it always is what it says.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

Clock = Callable[[], datetime]
"""Returns an aware datetime in UTC."""


def real_clock() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


def monotonic() -> float:
    """Seconds from an arbitrary start, never backwards: for deadlines and durations only."""
    return time.monotonic()


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks, as one value to hand down."""

    calendar: Clock
    real: Clock = real_clock
    speed: float = 1.0
    """Calendar seconds in a real second; 1.0 outside the demo."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment both clocks agree on, and how fast the calendar runs from there."""

    real: datetime
    calendar: datetime
    speed: float

    def calendar_at(self, real: datetime) -> datetime:
        """Calendar time at a real time; a real clock set back never takes it before the anchor."""
        passed = max(real - self.real, timedelta())
        return self.calendar + passed * self.speed


def write_anchor(path: Path, anchor: Anchor) -> None:
    """Keep an anchor where every process of this installation reads it."""
    text = json.dumps(
        {"real": anchor.real.isoformat(), "calendar": anchor.calendar.isoformat(), "speed": anchor.speed}
    )
    fresh = path.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_text(text)
    fresh.replace(path)


def read_anchor(path: Path) -> Anchor | None:
    """The anchor kept in a file, or None when the calendar is the real one."""
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return Anchor(
        datetime.fromisoformat(kept["real"]), datetime.fromisoformat(kept["calendar"]), float(kept["speed"])
    )


def clocks_from(path: Path) -> Clocks:
    """The clocks of an installation: real ones, or a calendar anchored in `path`."""
    anchor = read_anchor(path)
    if anchor is None:
        return Clocks(calendar=real_clock)
    return Clocks(calendar=lambda: anchor.calendar_at(real_clock()), speed=anchor.speed)
