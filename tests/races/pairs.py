"""What is raced: the rows it begins with, what each process does, and who judges what became of it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text

from crm.kernel.db import Database
from tests.outreach import Outreach
from tests.races.actor import Act
from tests.races.conductor import Course
from tests.races.plants import Changes

Cast = tuple[int, ...]
"""The number of the act that each process does."""


@dataclass(frozen=True)
class Verdict:
    """What a judge reads: the course, and the rows afterwards."""

    cast: Cast

    course: Course
    after: Course
    """Somebody who came by when all was quiet, and did what was left."""

    database: Database

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(text(query))]

    @property
    def handed(self) -> Counter[str]:
        """How many times each message was handed over."""
        return Counter(self.course.handed() + self.after.handed())

    def states(self) -> dict[str, str]:
        """Of each message, by public id."""
        return {str(name): str(state) for name, state in self.rows("SELECT public_id, state FROM messages")}


Judge = Callable[[Verdict], list[str]]


@dataclass(frozen=True)
class Planted:
    """A fault, and what the judge must call it."""

    changes: Changes
    found: str
    on: tuple[str, ...] = ("sqlite", "postgresql")
    """Where it can show: some parts are held by SQLite's one writer at a time as well."""


@dataclass(frozen=True)
class Pair:
    """Two to four processes that meet."""

    make: Callable[[Outreach], object]
    acts: tuple[Act, ...]
    casts: tuple[Cast, ...]
    """Which acts meet; of the first, every interleaving is played if there is time."""

    judge: Judge
    since: str = ""
    """The point at which the first of them stands before anybody else may begin."""

    look: Callable[[Database], object] | None = None
    """What must be the same in the end, whatever the order was."""

    aside: Changes = ()
    """What is left out because it takes long and decides nothing here."""

    sleeps: float = 0.0
    """How often one of them stands longer than its lease, where the order is left to chance."""

    last: int = 0
    """The act of whoever comes by at the end."""

    planted: Mapping[str, Planted] = field(default_factory=dict)


def died(verdict: Verdict) -> list[str]:
    """Nobody may end with an error, whoever else is at work."""
    return ["died"] if verdict.course.faults or verdict.after.faults else []


def twice(verdict: Verdict) -> list[str]:
    """No message is handed over twice (I02)."""
    return ["twice"] if any(count > 1 for count in verdict.handed.values()) else []


def untrue(verdict: Verdict) -> list[str]:
    """What is called sent was handed over, and nothing that was is called anything else (I03)."""
    states, handed = verdict.states(), verdict.handed
    invented = [name for name, state in states.items() if state == "sent" and not handed[name]]
    denied = [name for name in handed if states.get(name) not in {"sent", "uncertain", "delivered"}]
    return ["invented"] * bool(invented) + ["denied"] * bool(denied)


def judged(*checks: Judge) -> Judge:
    """Every check, one after another."""
    return lambda verdict: [found for check in checks for found in check(verdict)]


LATER = timedelta(seconds=61)
"""When whoever comes by at the end does: every lease is over."""
