"""The whole way of a mail, against the lean one, with as many processes: mails a second and their ratio.

    python scripts/bench/dispatch.py [--messages 4000] [--rounds 3] [--processes 1,2,4]

Ours: SQLite with `synchronous=FULL`, the gate twice, templates, frame, lint, a frozen row a mail, the claim
with its cap and lease, the register read again for every ten, SMTP to a sink on loopback, outcome, ledger,
next step. The reference is `reference/lean.py`. Both hand over to the same sink and take turns. "Sending" is
the part after planning. Only the ratios tell anything.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import crm.models  # noqa: F401 - every table
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.workflows.dispatch import dispatch
from crm.workflows.plan import BATCH, plan_batch
from scripts.bench import outreach_scene as scene
from scripts.bench import smtp
from scripts.bench.reference import lean

GOAL = 0.6
"""Of the lean way, for the whole one."""


def plan_and_send(settings: Settings, port: int) -> None:
    """One process: plan and send in turns until there is nothing left."""
    database, mailer = Database(settings.database_url), scene.relay_at(port)
    room, desk = scene.room_of(settings, database, mailer), scene.desk_of(settings)
    while True:
        planned = plan_batch(database, desk, now=scene.NOON)
        done = dispatch(room)
        if not planned.seen and not done.claimed:
            break
    mailer.close()
    database.dispose()


def send(settings: Settings, port: int) -> None:
    """One process: send what is planned."""
    database, mailer = Database(settings.database_url), scene.relay_at(port)
    room = scene.room_of(settings, database, mailer)
    while dispatch(room).claimed:
        continue
    mailer.close()
    database.dispose()


def plan_all(settings: Settings) -> None:
    """Plan everything beforehand."""
    database, desk = Database(settings.database_url), scene.desk_of(settings)
    while plan_batch(database, desk, now=scene.NOON).seen == BATCH:
        continue
    database.dispose()


def timed(work: Callable[..., None], processes: int, *arguments: object) -> float:
    """Seconds until as many processes have ended."""
    workers = [multiprocessing.Process(target=work, args=arguments) for _ in range(processes)]
    start = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise SystemExit("A worker failed.")
    return time.perf_counter() - start


def sent_by_us(settings: Settings) -> int:
    database = Database(settings.database_url)
    with database.reading() as session:
        count: int = session.execute(text("SELECT count(*) FROM messages WHERE state = 'sent'")).scalar_one()
    database.dispose()
    return count


def one_round(folder: Path, port: int, processes: int, messages: int) -> tuple[float, float, float]:
    """Mails a second: lean, the whole way, sending alone."""
    lean.fill(folder / "lean.db", messages)
    seconds = timed(lean.send_everything, processes, folder / "lean.db", port)
    rates = [lean.sent(folder / "lean.db") / seconds]
    for beforehand, work in ((False, plan_and_send), (True, send)):
        home = folder / work.__name__
        home.mkdir()
        settings = scene.settings_in(home, f"sqlite:///{home / 'crm.db'}")
        scene.fill(settings, due=messages)
        if beforehand:
            plan_all(settings)
        seconds = timed(work, processes, settings, port)
        rates.append(sent_by_us(settings) / seconds)
    return rates[0], rates[1], rates[2]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", default="1,2,4")
    chosen = parser.parse_args()
    print("| processes | lean /s | whole way /s | ratio | sending /s | ratio |")
    print("|---|---|---|---|---|---|")
    with smtp.running_sink() as port:
        for processes in map(int, chosen.processes.split(",")):
            rounds = []
            for _ in range(chosen.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    rounds.append(one_round(Path(folder), port, processes, chosen.messages))
            reference, whole, sending = (statistics.median(column) for column in zip(*rounds, strict=True))
            shares = [statistics.median(one[place] / one[0] for one in rounds) for place in (1, 2)]
            print(
                f"| {processes} | {reference:,.0f} | {whole:,.0f} | {shares[0]:.2f} (goal {GOAL}) "
                f"| {sending:,.0f} | {shares[1]:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
