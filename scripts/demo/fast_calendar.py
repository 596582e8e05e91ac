"""The demo's calendar: begins on a Monday morning, runs fast, stands still while the demo is stopped."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final, Self
from zoneinfo import ZoneInfo

from crm.kernel.clock import Anchor, Clock, write_anchor
from crm.kernel.workdays import is_working_day
from crm.kernel.zones import instant

SPEED: Final = 3600.0
"""Calendar seconds in a real one: Monday to Friday pass in two minutes, a whole week in 168 seconds."""

OPENS: Final = time(8, 30)
HOME: Final = ZoneInfo("Europe/Amsterdam")
COUNTRIES: Final = ("NL", "DE", "BE", "FR", "GB", "US")
ANCHOR: Final = "clock.json"
REACHED: Final = "calendar-reached"
_AHEAD: Final = timedelta(seconds=2)  # real time that is written down before it has passed
_EVERY: Final = 0.5  # real seconds


def first_morning(today: date) -> datetime:
    """Half past eight on the next Monday that begins a whole working week everywhere the demo writes to.

    After today, because sign-up codes end on the calendar and the image service has a real clock.
    """
    monday = today + timedelta(days=7 - today.weekday())
    while not all(
        is_working_day(monday + timedelta(days=day), country) for day in range(5) for country in COUNTRIES
    ):
        monday += timedelta(days=7)
    return instant(datetime.combine(monday, OPENS), HOME)


@dataclass(slots=True)
class Keeper:
    """Keeps how far the calendar is, so that the next start goes on there and never earlier."""

    anchor: Anchor
    real: Clock
    _file: Path
    _stop: threading.Event
    _thread: threading.Thread | None = None

    @classmethod
    def begin(cls, var: Path, *, speed: float, real: Clock, starting: timedelta) -> Self:
        """Anchor the calendar where it was when the demo was stopped.

        `starting` is real time for everything to come up, in which the calendar stands still: so nobody
        misses the first morning.
        """
        file = var / REACHED
        reached = datetime.fromisoformat(file.read_text())
        anchor = Anchor(real=real() + starting, calendar=reached, speed=speed)
        write_anchor(var / ANCHOR, anchor)
        return cls(anchor, real, file, threading.Event())

    def run(self) -> None:
        """Write down twice a second how far it will be in a moment: good even after a power cut."""

        def work() -> None:
            while not self._stop.wait(_EVERY):
                with suppress(OSError):  # a full disk: the next one may fit again
                    self.keep()

        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()

    def keep(self) -> None:
        """Write down how far it will be in a moment."""
        _write(self._file, self.anchor.calendar_at(self.real() + _AHEAD))

    def end(self) -> None:
        """Stop, and write down exactly how far it came."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        _write(self._file, self.anchor.calendar_at(self.real()))


def go_on_from(var: Path, moment: datetime) -> None:
    """Say at which moment of the calendar the next start goes on."""
    _write(var / REACHED, moment)


def _write(file: Path, moment: datetime) -> None:
    fresh = file.with_suffix(".tmp")
    fresh.write_text(moment.isoformat())
    fresh.replace(file)
