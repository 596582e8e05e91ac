"""The scheduler's tick at a million enrolments: idle, and with ten thousand due.

    python scripts/bench/tick.py [--rows 1000000] [--due 10000]

Idle is the whole tick of planning and of sending with nothing due, against one look at the same table without
an index. Then ten thousand steps come due: planned (gate, render, lint, frozen row) and claimed, with the
longest write transaction on the way. SQLite with `synchronous=FULL`, real rows under the real schema, one
process.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, event, text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import crm.models  # noqa: F401 - every table
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.kernel.sqlite import WRITES
from crm.workflows.claim import claim_batch
from crm.workflows.plan import plan
from crm.workflows.reap import reap
from scripts.bench import outreach_scene as scene

IDLE_GOAL, CLAIM_GOAL, PLAN_GOAL, LOCK_GOAL = 0.01, 2.0, 1_000.0, 0.25
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=10_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), chosen.rows, chosen.due)


def measure(folder: Path, rows: int, due: int) -> None:
    """Fill, measure, print."""
    settings = scene.settings_in(folder, f"sqlite:///{folder / 'crm.db'}")
    start = time.perf_counter()
    scene.fill(settings, due=due, later=rows - due)
    print(f"{rows:,} enrolments, {due:,} of them due; filled in {time.perf_counter() - start:,.0f} s\n")
    database = Database(settings.database_url)
    print("| what | measured | of the goal |\n|---|---|---|")
    idle(database, settings)
    busy(database, settings)
    database.dispose()


def idle(database: Database, settings: Settings) -> None:
    """A tick with nothing due, and a look without an index."""
    desk, room = scene.desk_of(settings), scene.room_of(settings, database, scene.relay_at(1))
    early = scene.NOON.replace(hour=1)

    def scan() -> None:
        with database.reading() as session:
            session.execute(_SCAN, {"now": early.replace(tzinfo=None)}).all()

    def tick() -> None:
        plan(database, desk, now=early)
        reap(database, room.clocks)
        claim_batch(database, settings, now=early, real_now=room.clocks.real())

    took, reference = median(tick, 50), median(scan, 5)
    _line("idle tick, of a look without index", f"{took / reference:.4f}", took / reference, IDLE_GOAL)
    print(f"| (idle tick {took * 1e3:.2f} ms, without index {reference * 1e3:.0f} ms) | | |")


def busy(database: Database, settings: Settings) -> None:
    """Everything that is due, planned and then claimed."""
    desk, room = scene.desk_of(settings), scene.room_of(settings, database, scene.relay_at(1))
    watch = Stopwatch()
    watch.watch(database)
    start = time.perf_counter()
    done = plan(database, desk, now=scene.NOON)
    rate = done.seen / (time.perf_counter() - start)
    _line("steps planned a second and process", f"{rate:,.0f}", PLAN_GOAL / rate, 1.0)
    start = time.perf_counter()
    claimed = 0
    while batch := claim_batch(database, settings, now=scene.NOON, real_now=room.clocks.real()).ids:
        claimed += len(batch)
    seconds = time.perf_counter() - start
    _line(f"{claimed:,} claimed", f"{seconds:.2f} s", seconds, CLAIM_GOAL)
    longest = max(watch.lasted)
    _line("longest write transaction", f"{longest * 1e3:.0f} ms", longest, LOCK_GOAL)


def _line(what: str, measured: str, value: float, goal: float) -> None:
    print(f"| {what} | {measured} | {value / goal:.2f} {'held' if value <= goal else 'MISSED'} |", flush=True)


if __name__ == "__main__":
    main()
