"""Many hands in one thread: they take turns at the program's fault points, in an order that a seed decides.

Each hand is a worker, a person or a colleague, running the real workflows in a coroutine of its own. At a
point outside any transaction it may have to let others go on, for a moment or for ten minutes; at every point
it may die, as a process dies, or meet an exception.
"""

import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from greenlet import getcurrent, greenlet
from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.kernel.faults import PlannedFaultError
from tests.conftest import FakeClock

# Between the mark and the hand-over nobody can be stopped in time: docs/testing.md, "What remains".
NEVER_FROZEN = ("transport.before", "transport.before_body", "gate.after_read")


ENDLESS = 5_000
"""Points passed in one moment: more is a loop without an end."""


class DiedError(BaseException):
    """This process is gone: nothing in it may catch that, everything it had open is rolled back."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How often what goes wrong, at each point passed."""

    dies: float = 0.004
    raises: float = 0.003
    freezes: float = 0.002
    aimed: float = 0.02
    """Somebody says no while a message is in a worker's hands."""

    lost: float = 0.03
    """Answers of the provider that never arrive; half of those messages did."""

    refused: float = 0.02
    again: float = 0.05
    """Temporary noes, before any byte."""

    skew: float = 2.0
    """Seconds by which the real clock of a worker may be off."""


CALM = Weather(dies=0, raises=0, freezes=0, aimed=0, lost=0, refused=0, again=0)


@dataclass(slots=True)
class Hand:
    """One of them."""

    name: str
    let: greenlet
    until: datetime
    mortal: bool


@dataclass
class Turns:
    """The order of things."""

    chance: Random
    clock: FakeClock
    weather: Weather
    aimed: Callable[[], None] = lambda: None
    """Let somebody object to what is leaving just now."""

    trace: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Tracebacks of faults that nobody planned."""

    deaths: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    _hands: list[Hand] = field(default_factory=list)
    _stage: greenlet = field(default_factory=getcurrent)
    _at_once: int = 0
    _open: Counter[int] = field(default_factory=Counter)

    def start(self, name: str, work: Callable[[], object], *, mortal: bool = True) -> None:
        """Another hand; it begins when its turn comes."""
        let = greenlet(lambda: self._live(name, work), parent=self._stage)
        self._hands.append(Hand(name, let, self.clock.now, mortal))

    def run(self) -> None:
        """Until nobody can go on at this moment."""
        self._at_once = 0
        while ready := [one for one in self._hands if one.until <= self.clock.now]:
            hand = ready[0] if len(ready) == 1 else self.chance.choice(ready)
            hand.let.switch()
            if hand.let.dead:
                self._hands.remove(hand)

    @property
    def wakes_at(self) -> datetime | None:
        """When the first of the frozen goes on."""
        return min((one.until for one in self._hands), default=None)

    def note(self, words: str) -> None:
        """A line of the trace."""
        self.trace.append(f"{self.clock.now:%Y-%m-%d %H:%M:%S} {words}")

    @property
    def is_inside(self) -> bool:
        """Whether the one whose turn it is has a transaction open."""
        return self._open[id(getcurrent())] > 0

    def point(self, name: str) -> None:
        """The program passes a fault point."""
        self.passed[name] += 1
        self._at_once += 1
        if self._at_once > ENDLESS:
            self._at_once = 0
            raise RuntimeError(f"it never comes to rest at {name}")
        hand = self._current()
        if hand is None:
            return
        if hand.mortal:
            self._trouble(name, hand)
        if self.is_inside:
            return
        if name in {"claim.after_commit", "transport.before"} and self.chance.random() < self.weather.aimed:
            self.aimed()
        if hand.mortal and name not in NEVER_FROZEN and self.chance.random() < self.weather.freezes:
            self.note(f"{hand.name} freezes at {name}")
            hand.until = self.clock.now + timedelta(minutes=self.chance.choice((2, 10)))
        self.rest(self.chance.random() * 0.2)

    def rest(self, seconds: float) -> None:
        """A little time passes, and others may go on."""
        self.clock.now += timedelta(seconds=round(seconds, 3))
        if getcurrent() is not self._stage:
            self._stage.switch()

    def _trouble(self, name: str, hand: Hand) -> None:
        odds = self.chance.random()
        if odds < self.weather.dies:
            self.note(f"{hand.name} dies at {name}")
            self.deaths[name] += 1
            raise DiedError
        if (
            odds < self.weather.dies + self.weather.raises
            and not name.startswith("transport.")
            and name != "audit.before_commit"
        ):
            self.note(f"{hand.name} fails at {name}")
            raise PlannedFaultError(name) if self.chance.random() < 0.7 else MemoryError(name)

    def _current(self) -> Hand | None:
        here = getcurrent()
        return next((one for one in self._hands if one.let is here), None)

    def _live(self, name: str, work: Callable[[], object]) -> None:
        try:
            work()
        except (DiedError, PlannedFaultError, MemoryError):
            pass
        except Exception:  # noqa: BLE001 - the finding is that there was one
            self.broken.append(f"{name}\n{traceback.format_exc()}")
        finally:
            self._open.pop(id(getcurrent()), None)

    def database(self, url: str) -> Database:
        """A database that knows whose turn it is while a transaction is open."""
        return _Watched(url, self._open)


class _Watched(Database):
    def __init__(self, url: str, open_: Counter[int]) -> None:
        super().__init__(url)
        self._opened = open_

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        with super().transaction() as session:
            self._opened[id(getcurrent())] += 1
            try:
                yield session
            finally:
                self._opened[id(getcurrent())] -= 1
