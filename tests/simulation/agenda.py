"""What is still to happen, and what everybody shares who takes part."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import text

from tests.simulation.history import HandOver, Told, What
from tests.simulation.installation import Installation
from tests.simulation.turns import Turns

Act = Callable[[], object]


class Entry(NamedTuple):
    """An act in the book. The number keeps equal moments in the order they were planned."""

    at: datetime
    number: int
    name: str
    act: Act


@dataclass
class Agenda:
    """A book of acts by their moment."""

    _entries: list[Entry] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def plan(self, at: datetime, name: str, act: Act) -> None:
        heapq.heappush(self._entries, Entry(at, next(self._numbers), name, act))

    @property
    def next(self) -> datetime | None:
        return self._entries[0].at if self._entries else None

    def due(self, now: datetime) -> list[Entry]:
        """Take out what is to happen by now."""
        found = []
        while self._entries and self._entries[0].at <= now:
            found.append(heapq.heappop(self._entries))
        return found

    def clear(self) -> None:
        self._entries.clear()


@dataclass
class Scene:
    """What those on it share."""

    made: Installation
    turns: Turns
    agenda: Agenda = field(default_factory=Agenda)
    told: list[Told] = field(default_factory=list)
    letters: dict[str, tuple[What | None, str, str]] = field(default_factory=dict)
    """Inbound mail nobody read yet: what it means, for whom, about which message; by its key."""

    posts: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Events of the provider that are kept and not applied: about which message, and what."""

    wake: bool = False
    """Something came in: workers look at once."""

    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    @property
    def now(self) -> datetime:
        return self.turns.clock.now

    @property
    def history(self) -> list[HandOver]:
        return self.made.provider.history

    def tell(
        self, what: What, whom: str, *, is_final: bool = True, detail: str = "", until: datetime | None = None
    ) -> None:
        """Somebody is told, now."""
        self.turns.note(f"told {what} {whom} {detail}{'' if is_final else ' not final'}")
        self.told.append(Told(what, whom, len(self.history), self.now, is_final, detail, until))

    def later(self, name: str, act: Act, *, hours: float) -> None:
        """Plan an act."""
        self.agenda.plan(self.now + timedelta(hours=hours), name, act)

    def insist(self, name: str, act: Act) -> None:
        """Do it now; whoever gets no answer, because the process died, tries again some minutes later."""

        def attempt() -> None:
            answered = False
            try:
                act()
                answered = True
            finally:
                if not answered:
                    self.later(name, attempt, hours=self.turns.chance.choice((0.05, 1.0)))

        self.turns.start(name, attempt)

    def rows(self, query: str, **values: object) -> list[tuple[object, ...]]:
        with self.made.services.database.reading() as session:
            return [tuple(row) for row in session.execute(text(query), values)]
