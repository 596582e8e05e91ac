"""The scheduler's tick at a million enrolments: idle, and with ten thousand due.

    python scripts/bench/tick.py [--rows 1000000] [--due 10000]

Idle is the whole tick of planning and of sending with nothing due, against one look at the same table without
an index, and against the same tick at ten thousand enrolments. Then ten thousand steps come due: planned
(gate, render, lint, frozen row) and claimed, with the longest write transaction on the way. SQLite with
`synchronous=FULL`, real rows under the real schema, one process.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, event, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import crm.models  # noqa: F401 - every table
from crm.bootstrap.command import settle_in
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.kernel.sqlite import WRITES
from crm.workflows.planning.plan import plan
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.reap import reap
from scripts.bench import outreach_scene as scene

IDLE_GOAL, GROWTH_GOAL, CLAIM_GOAL, PLAN_GOAL, LOCK_GOAL = 0.01, 1.5, 2.0, 1_000.0, 0.25
FEW = 10_000
"""Enrolments of the small installation that an idle tick is compared with."""

_SCAN = text(
    "SELECT id FROM enrolments NOT INDEXED WHERE state = 'running' AND next_due_at <= :now"
    " ORDER BY next_due_at LIMIT 100"
)


@dataclass
class Stopwatch:
    """Measures every write transaction of a database."""

    lasted: list[float] = field(default_factory=list)
    _begun: float | None = None

    def watch(self, database: Database) -> None:
        """Begin to listen."""
        event.listen(database.engine, "begin", self._begin)
        event.listen(database.engine, "commit", self._end)
        event.listen(database.engine, "rollback", self._end)

    def _begin(self, connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES):
            self._begun = time.perf_counter()

    def _end(self, _connection: Connection) -> None:
        # Until just before the commit itself, which is one flush of the disk.
        if self._begun is not None:
            self.lasted.append(time.perf_counter() - self._begun)
            self._begun = None


def median(work: Callable[[], object], times: int) -> float:
    """Seconds of one run."""
    lasted = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        lasted.append(time.perf_counter() - start)
    return statistics.median(lasted)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=10_000)
    chosen = parser.parse_args()
    settle_in()
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), chosen.rows, chosen.due)


def installation(folder: Path, rows: int, due: int) -> tuple[Settings, Database]:
    """As many enrolments, so many of them due at noon."""
    folder.mkdir()
    settings = scene.settings_in(folder, f"sqlite:///{folder / 'crm.db'}")
    scene.fill(settings, due=due, later=rows - due)
    return settings, Database(settings.database_url)


def measure(folder: Path, rows: int, due: int) -> int:
    """Fill, measure, print; 1 when a figure is not held."""
    start = time.perf_counter()
    few, many = installation(folder / "few", FEW, min(due, FEW)), installation(folder / "many", rows, due)
    print(f"{rows:,} enrolments, {due:,} of them due; filled in {time.perf_counter() - start:,.0f} s\n")
    print("| what | measured | of the goal |\n|---|---|---|")
    held = [*idle(few, many), *busy(*many)]
    for _, database in (few, many):
        database.dispose()
    return 0 if all(held) else 1


def idle(few: tuple[Settings, Database], many: tuple[Settings, Database]) -> Iterator[bool]:
    """A tick with nothing due: here, in a small installation, and a look without an index."""
    early = scene.NOON.replace(hour=1)

    def scan() -> None:
        with many[1].reading() as session:
            session.execute(_SCAN, {"now": early.replace(tzinfo=None)}).all()

    def tick(settings: Settings, database: Database) -> None:
        desk, room = scene.desk_of(settings), scene.room_of(settings, database, scene.relay_at(1))
        plan(database, desk, now=early)
        reap(database, room.clocks)
        claim_batch(database, settings, now=early, real_now=room.clocks.real())

    took = [statistics.median(one) for one in zip(*(_pair(tick, few, many) for _ in range(50)), strict=True)]
    reference = median(scan, 5)
    share, growth = took[1] / reference, took[1] / took[0]
    yield _line("idle tick, of a look without index", f"{share:.4f}", share, IDLE_GOAL)
    yield _line(f"idle tick, of the same at {FEW:,}", f"{growth:.2f}", growth, GROWTH_GOAL)
    print(f"| (idle tick {took[1] * 1e3:.2f} ms, without index {reference * 1e3:.0f} ms) | | |")


def _pair(tick: Callable[[Settings, Database], None], *sides: tuple[Settings, Database]) -> tuple[float, ...]:
    """Seconds on each side, one right after the other."""
    return tuple(median(partial(tick, *side), 1) for side in sides)


def busy(settings: Settings, database: Database) -> Iterator[bool]:
    """Everything that is due, planned and then claimed."""
    desk, room = scene.desk_of(settings), scene.room_of(settings, database, scene.relay_at(1))
    watch = Stopwatch()
    watch.watch(database)
    start = time.perf_counter()
    done = plan(database, desk, now=scene.NOON)
    rate = done.seen / (time.perf_counter() - start)
    yield _line("steps planned a second and process", f"{rate:,.0f}", PLAN_GOAL / rate, 1.0)
    start = time.perf_counter()
    claimed = 0
    while batch := claim_batch(database, settings, now=scene.NOON, real_now=room.clocks.real()).ids:
        claimed += len(batch)
    seconds = time.perf_counter() - start
    yield _line(f"{claimed:,} claimed", f"{seconds:.2f} s", seconds, CLAIM_GOAL)
    longest = max(watch.lasted)
    yield _line("longest write transaction", f"{longest * 1e3:.0f} ms", longest, LOCK_GOAL)


def _line(what: str, measured: str, value: float, goal: float) -> bool:
    held = value <= goal
    print(f"| {what} | {measured} | {value / goal:.2f} {'held' if held else 'MISSED'} |", flush=True)
    return held


if __name__ == "__main__":
    sys.exit(main())
