"""The whole way of a mail, against the lean one, with as many processes: mails a second and their ratio.

    python scripts/bench/dispatch.py [--messages 4000] [--rounds 3] [--processes 1,2,4] [--provider-ms 100]

Ours: SQLite with `synchronous=FULL`, the gate twice, templates, frame, lint, a frozen row a mail, the claim
with its cap and lease, the register read again for every ten, SMTP to a sink on loopback, outcome, ledger,
next step. The reference is `reference/lean.py`. Both hand over to the same sink and take turns. "Sending" is
the part after planning. Only the ratios tell anything.

With `--provider-ms` the same is sent to a provider that answers that late, over HTTP, and the yardstick is
the same sender without a database: how much do we add to the waiting?
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
from crm.bootstrap.command import settle_in
from crm.delivery.ports import Envelope, Mailer
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.workflows.planning.plan import BATCH, batches, plan_batch
from crm.workflows.sending.dispatch import dispatch
from scripts.bench import far_provider, smtp
from scripts.bench import outreach_scene as scene
from scripts.bench.reference import lean

GOAL = 0.6
"""Of the lean way, for the whole one."""

FAR_GOAL, FAR_RATE = 0.8, 20.0
"""Of the same sender without a database; mails a second and worker at 100 ms."""


def plan_and_send(settings: Settings, port: int) -> None:
    """One process: plan and send in turns until there is nothing left."""
    settle_in()
    database, mailer = Database(settings.database_url), scene.relay_at(port)
    room, desk = scene.room_of(settings, database, mailer), scene.desk_of(settings)
    for _ in batches(database, desk, now=scene.NOON):
        dispatch(room)
    while dispatch(room).claimed:
        continue
    mailer.close()
    database.dispose()


def send(settings: Settings, port: int, at: Callable[[int], Mailer] = scene.relay_at) -> None:
    """One process: send what is planned."""
    settle_in()
    database, mailer = Database(settings.database_url), at(port)
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


def one_far_round(folder: Path, port: int, processes: int, messages: int) -> tuple[float, float]:
    """Mails a second to a provider some way off: the sender alone, and sending."""
    settings = scene.settings_in(folder, f"sqlite:///{folder / 'crm.db'}")
    scene.fill(settings, due=messages)
    plan_all(settings)
    letters = planned(settings)
    parts = [letters[place::processes] for place in range(processes)]
    start = time.perf_counter()
    workers = [multiprocessing.Process(target=far_provider.hand_over, args=(port, part)) for part in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    alone = len(letters) / (time.perf_counter() - start)
    seconds = timed(send, processes, settings, port, far_provider.mailer_at)
    return alone, sent_by_us(settings) / seconds


def planned(settings: Settings) -> list[Envelope]:
    """What lies ready to leave."""
    query = text(
        "SELECT public_id, sender, recipient, wire FROM messages JOIN message_bytes ON message_id = id"
        " WHERE state = 'due' ORDER BY id"
    )
    database = Database(settings.database_url)
    with database.reading() as session:
        letters = [Envelope(*row) for row in session.execute(query)]
    database.dispose()
    return letters


def far(chosen: argparse.Namespace) -> bool:
    """Print the table for a provider that answers late."""
    print(f"| processes | sender alone /s | sending /s, provider {chosen.provider_ms} ms | ratio |")
    print("|---|---|---|---|")
    held = True
    with far_provider.running(chosen.provider_ms / 1000) as port:
        for processes in map(int, chosen.processes.split(",")):
            rounds = []
            for _ in range(chosen.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    rounds.append(one_far_round(Path(folder), port, processes, chosen.messages // 4))
            alone, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
            share = statistics.median(one[1] / one[0] for one in rounds)
            held &= share >= FAR_GOAL and ours >= FAR_RATE * processes
            print(f"| {processes} | {alone:,.0f} | {ours:,.0f} | {share:.2f} (goal {FAR_GOAL}) |", flush=True)
    return held


def near(chosen: argparse.Namespace) -> bool:
    """Print the table for a relay next door."""
    print("| processes | lean /s | whole way /s | ratio | sending /s | ratio |")
    print("|---|---|---|---|---|---|")
    held = True
    with smtp.running_sink() as port:
        for processes in map(int, chosen.processes.split(",")):
            rounds = []
            for _ in range(chosen.rounds):
                with tempfile.TemporaryDirectory() as folder:
                    rounds.append(one_round(Path(folder), port, processes, chosen.messages))
            reference, whole, sending = (statistics.median(column) for column in zip(*rounds, strict=True))
            shares = [statistics.median(one[place] / one[0] for one in rounds) for place in (1, 2)]
            held &= shares[0] >= GOAL
            print(
                f"| {processes} | {reference:,.0f} | {whole:,.0f} | {shares[0]:.2f} (goal {GOAL}) "
                f"| {sending:,.0f} | {shares[1]:.2f} |",
                flush=True,
            )
    return held


def main() -> int:
    """Print a table; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=4_000, help="a quarter of it with --provider-ms")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", default="1,2,4")
    parser.add_argument("--provider-ms", type=int, default=0, help="a provider that answers so late")
    chosen = parser.parse_args()
    return 0 if (far if chosen.provider_ms else near)(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
