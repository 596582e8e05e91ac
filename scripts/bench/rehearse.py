"""A rehearsal of 1,000 people over 90 days: how long it takes, and what it says.

    python scripts/bench/rehearse.py [--people 1000] [--others 0] [--cap 30]

Real rows under the real schema on SQLite, one process; `--others` are on their way from the same mailbox.
The mailbox keeps the house's gap of ten minutes, jitter of five, and ramp.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import crm.models  # noqa: F401 - every table
from crm.kernel.db import Database
from crm.workflows.foresight.rehearsal_told import Happening, Rehearsal
from crm.workflows.foresight.rehearse import rehearse
from scripts.bench import outreach_scene as scene

GOAL = 2.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--others", type=int, default=0)
    parser.add_argument("--cap", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), chosen.people, chosen.others, chosen.cap)


def measure(folder: Path, people: int, others: int, cap: int) -> None:
    """Fill, measure five times, print."""
    settings = scene.settings_in(folder, f"sqlite:///{folder / 'crm.db'}")
    scene.fill(settings, due=people + others)
    database = Database(settings.database_url)
    with database.transaction() as session:
        session.execute(text("DELETE FROM enrolments WHERE prospect_id > :last"), {"last": others})
        session.execute(
            text("UPDATE mailboxes SET daily_cap=:cap, gap_seconds=600, jitter_seconds=300, ramp_start=10,"
                 " ramp_step=5"), {"cap": cap},
        )  # fmt: skip
    wanted = range(others + 1, others + people + 1)

    def once() -> tuple[Rehearsal, float, float]:
        real, processor = time.perf_counter(), time.process_time()
        with database.reading() as session:
            told = rehearse(session, 1, wanted, now=scene.NOON, settings=settings)
        return told, time.perf_counter() - real, time.process_time() - processor

    told, *_ = once()
    runs = [once() for _ in range(5)]
    database.dispose()
    took = [one[1] for one in runs]
    seconds, work = statistics.median(took), statistics.median(one[2] for one in runs)
    ended = sum(one.what is Happening.FINISHED for one in told.events)
    print(f"{people:,} people, {others:,} on their way, cap {cap}: {len(told.mails):,} mails in 90 days,")
    print(f"{len(told.left)} left out, {ended:,} at their end, {len(told.under_way):,} under way;")
    print(f"the last mail leaves {told.last}\n\n| what | measured | of the goal |\n|---|---|---|")
    held = "held" if seconds <= GOAL else "MISSED"
    spread = f"{min(took):.2f} to {max(took):.2f}, {work:.2f} s of the processor"
    print(f"| rehearsal | {seconds:.2f} s ({spread}) | {seconds / GOAL:.2f} {held} |")


if __name__ == "__main__":
    main()
