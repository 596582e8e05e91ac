"""How many openings a second are answered and stored, against a bare Flask route on the same server.

    python scripts/bench/pixel.py [--seconds 5] [--rounds 3] [--stops 10]

Both sides run under granian with the same workers; they take turns, so that other work on the machine hits
both. Stored means: in a table of a SQLite file with `synchronous=FULL`, after the register of refusals was
asked. Then the server is stopped while it is being asked, several times, and every answered request is
looked for. Only the ratio and the number of lost rows tell anything.
"""

import argparse
import asyncio
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import func, select

from crm.bootstrap.home import make_home, read_home
from crm.bootstrap.server import THREADS
from crm.bootstrap.wiring import build_services, settings_from
from crm.kernel import schema
from crm.kernel.clock import monotonic
from crm.services import Services
from crm.tracking.models import Opening
from scripts.bench import pixel_load
from scripts.bench.pixel_world import make_world

LIMIT = 1.4
"""Of the bare route; what this program has to hold."""

ROOT = Path(__file__).resolve().parents[2]
OURS, BARE = "wsgi:application", "scripts.bench.pixel_bare:app"
SUPPLY = 16_000
"""Fresh pixels for a second of asking: more than are answered in one."""


@contextmanager
def served(target: str, env: dict[str, str], workers: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A server on a free port of this machine; stopped in good order at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(THREADS), "--no-ws", "--no-access-log",
        "--log-level", "error", target,
    ]  # fmt: skip
    server = subprocess.Popen(command, env=env, cwd=ROOT, stderr=subprocess.DEVNULL)  # noqa: S603 - our own arguments
    try:
        _wait_for(port, server)
        yield port, server
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait_for(port: int, server: "subprocess.Popen[bytes]") -> None:
    """Until every worker has read the program and is warm: the port is open long before."""
    deadline = monotonic() + 60
    while monotonic() < deadline and server.poll() is None:
        warm = asyncio.run(_warm(port))
        if warm > 200:
            asyncio.run(pixel_load.ask(port, ["/o/nothing.gif"] * 20_000, 2))
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


async def _warm(port: int) -> int:
    try:
        return (await pixel_load.ask(port, ["/o/nothing.gif"] * 500, 5)).answered
    except OSError:
        return 0


def stored(services: Services) -> int:
    """Rows in the table of openings."""
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Opening)) or 0


class Bench:
    """One run: a world, the two sides, and a supply of pixels that nobody asked for yet."""

    def __init__(
        self, services: Services, env: dict[str, str], paths: list[str], chosen: argparse.Namespace
    ) -> None:
        self.services, self.env, self.paths, self.chosen = services, env, paths, chosen
        self.next = 0

    def supply(self, count: int) -> list[str]:
        """Fresh pixels, so that every answered request must become a row."""
        taken = self.paths[self.next : self.next + count]
        self.next += len(taken)
        return taken

    def rates(self) -> tuple[list[pixel_load.Load], list[pixel_load.Load], int]:
        """Both sides in turn; and how many of our answers have no row."""
        bare, ours, lost = [], [], 0
        for _ in range(self.chosen.rounds):
            with served(BARE, self.env, self.chosen.workers) as (port, server):
                bare.append(self._loaded(port, server, self.paths[:5_000]))
            before = stored(self.services)
            with served(OURS, self.env, self.chosen.workers) as (port, server):
                supply = self.supply(int(self.chosen.seconds * SUPPLY))
                ours.append(self._loaded(port, server, supply))
            lost += max(0, ours[-1].answered - (stored(self.services) - before))
        return bare, ours, lost

    def _loaded(self, port: int, server: "subprocess.Popen[bytes]", paths: list[str]) -> pixel_load.Load:
        before = pixel_load.work_of(server.pid)
        result = pixel_load.load(port, paths, self.chosen.seconds)
        time.sleep(0.5)  # the last batch belongs to it
        result.work = pixel_load.work_of(server.pid) - before
        return result

    def stops(self) -> list[tuple[int, int, float]]:
        """Stop the server while it is being asked: answered, lost, seconds the stop took; each time."""
        results = []
        for _ in range(self.chosen.stops):
            before = stored(self.services)
            with served(OURS, self.env, self.chosen.workers) as (port, server):
                answered, took = asyncio.run(_asked_until_the_end(port, server, self.supply(SUPPLY)))
            results.append((answered, answered - (stored(self.services) - before), took))
        return results


async def _asked_until_the_end(
    port: int, server: "subprocess.Popen[bytes]", paths: list[str]
) -> tuple[int, float]:
    """Ask without pause; after a second tell the server to stop, and go on asking until it is gone."""
    asking = asyncio.create_task(pixel_load.ask(port, paths, 20))
    await asyncio.sleep(1.0)
    begun = monotonic()
    server.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.wait, 30)
    took = monotonic() - begun
    return (await asking).answered, took


def main() -> int:
    """Measure, print, and end with 1 when a limit is not held."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stops", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crm-bench-") as folder:
        var = Path(folder) / "var"
        make_home(var)
        own = {**read_home(var), "CRM_VAR": str(var), "CRM_TRUSTED_PROXIES": "127.0.0.1"}
        own.setdefault("CRM_BASE_URL", "http://127.0.0.1:8000")
        services = build_services(settings_from(own))
        schema.migrate(services.database)
        wanted = int(chosen.rounds * chosen.seconds + chosen.stops) * SUPPLY
        print(f"{wanted:,} messages are made first…", flush=True)
        env = {**os.environ, **own, "PYTHONPATH": str(ROOT)}
        bench = Bench(services, env, make_world(services, wanted), chosen)
        return report(bench)


def median(runs: list[pixel_load.Load], what: str) -> float:
    """The middle one of the runs."""
    return float(statistics.median(getattr(run, what) for run in runs))


def report(bench: Bench) -> int:
    """Print the tables; 1 when a limit is not held."""
    bare, ours, lost = bench.rates()
    client = (
        "wrk" if pixel_load.has_wrk() else "our own client (wrk is not installed: it is the limit itself)"
    )
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {client}\n")  # noqa: TID251 - the day of the run
    print("| side | answers a second | p99 ms | work an answer, µs | errors |\n|---|---|---|---|---|")
    for name, runs in (("bare Flask route", bare), ("pixel, stored", ours)):
        rate, p99, work = (median(runs, what) for what in ("rate", "p99", "each"))
        print(f"| {name} | {rate:,.0f} | {p99:.1f} | {work:.0f} | {sum(run.bad for run in runs)} |")
    ratio = median(ours, "rate") / median(bare, "rate")
    print(f"\nratio {ratio:.2f} (limit {LIMIT}); answered and not stored: {lost}")
    own = median(bare, "each") / median(ours, "each")
    print(f"by the server's own work, which others on the machine change less: {own:.2f}")
    results = bench.stops()
    gone = sum(max(0, missing) for _, missing, _ in results)
    slowest = max((took for *_, took in results), default=0.0)
    total = sum(answered for answered, *_ in results)
    print(
        f"{len(results)} orderly stops under load: {total:,} answered, {gone} lost; slowest {slowest:.1f} s"
    )
    return 0 if ratio >= LIMIT and not lost and not gone else 1


if __name__ == "__main__":
    raise SystemExit(main())
