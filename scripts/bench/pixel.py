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
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from sqlalchemy import func, insert, select

import crm.models  # noqa: F401 - every table
from crm.bootstrap.home import make_home, read_home
from crm.bootstrap.wiring import build_services, settings_from
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel import schema
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind
from crm.kernel.clock import monotonic, real_clock
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind, TrackingMode
from crm.privacy import register
from crm.prospects.models import Company, Prospect, SpellingKey
from crm.services import Services
from crm.tracking.models import Opening
from scripts.bench import pixel_load

LIMIT = 1.4
"""Of the bare route; what this program has to hold."""

ROOT = Path(__file__).resolve().parents[2]
OURS, BARE = "wsgi:application", "scripts.bench.pixel_bare:app"
COMPANIES = 1_000
SUPPLY = 16_000
"""Fresh pixels for a second of asking: more than are answered in one."""


def make_world(services: Services, messages: int) -> list[str]:
    """Messages that were sent an hour ago to as many people; the paths of their pixels."""
    ring, now = services.settings.keys.addresses, real_clock()
    pixels = [secrets.token_hex(16) for _ in range(messages)]
    with services.database.transaction() as session:
        session.add(Mailbox(id=1, address="us@produfoto.example", display_name="Produfoto"))
        session.flush()
        session.execute(
            insert(Company),
            [
                {"id": n, "name": f"Shop {n}", "domain": f"shop{n}.example", "created_at": now, "version": 1}
                for n in range(1, COMPANIES + 1)
            ],
        )
        for start in range(0, messages, 5_000):
            numbers = range(start + 1, min(start + 5_000, messages) + 1)
            people = [(n, EmailAddress.parse(f"buyer{n}@shop{n % COMPANIES + 1}.example")) for n in numbers]
            session.execute(insert(Prospect), [_prospect(n, address, services, now) for n, address in people])
            keys = [
                (n, key) for n, address in people for key in dict(register.keys_of(ring, address)).items()
            ]
            session.execute(
                insert(SpellingKey), [{"digest": d, "prospect_id": n, "key_version": v} for n, (d, v) in keys]
            )
            session.execute(
                insert(Message), [_message(n, address, pixels[n - 1], services, now) for n, address in people]
            )
    return ["/" + services.links.pixel_url(pixel).split("/", 3)[3] for pixel in pixels]


def _prospect(n: int, address: EmailAddress, services: Services, now: datetime) -> dict[str, object]:
    return {
        "id": n,
        "company_id": n % COMPANIES + 1,
        "address": str(address),
        "address_digest": services.settings.keys.addresses.digest(address),
        "address_kind": AddressKind.NAMED,
        "created_at": now,
        "version": 1,
    }


def _message(
    n: int, address: EmailAddress, pixel: str, services: Services, now: datetime
) -> dict[str, object]:
    return {
        "id": n,
        "public_id": new_public_id(),
        "pixel_id": pixel,
        "kind": MailKind.OUTREACH,
        "prospect_id": n,
        "mailbox_id": 1,
        "address_digest": services.settings.keys.addresses.digest(address),
        "recipient": str(address),
        "sender": "b@produfoto.example",
        "subject_line": "Product photos",
        "wire": b"",
        "tracking": TrackingMode.INDIVIDUAL,
        "state": MessageState.SENT,
        "due_at": now,
        "planned_at": now,
        "sent_at": now - timedelta(hours=1),
        "changed_at": now,
    }


@contextmanager
def served(target: str, env: dict[str, str], workers: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A server on a free port of this machine; stopped in good order at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", "2", "--no-ws", "--no-access-log", "--log-level",
        "error", target,
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
            with served(BARE, self.env, self.chosen.workers) as (port, _server):
                bare.append(pixel_load.load(port, self.paths[:5_000], self.chosen.seconds))
            before = stored(self.services)
            with served(OURS, self.env, self.chosen.workers) as (port, _server):
                supply = self.supply(int(self.chosen.seconds * SUPPLY))
                ours.append(pixel_load.load(port, supply, self.chosen.seconds))
            lost += max(0, ours[-1].answered - (stored(self.services) - before))
        return bare, ours, lost

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


def report(bench: Bench) -> int:
    """Print the tables; 1 when a limit is not held."""
    bare, ours, lost = bench.rates()
    client = (
        "wrk" if pixel_load.has_wrk() else "our own client (wrk is not installed: it is the limit itself)"
    )
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {client}\n")  # noqa: TID251 - the day of the run
    print("| side | answers a second | p99 ms | errors |\n|---|---|---|---|")
    for name, runs in (("bare Flask route", bare), ("pixel, stored", ours)):
        rate, p99 = (statistics.median(getattr(run, what) for run in runs) for what in ("rate", "p99"))
        print(f"| {name} | {rate:,.0f} | {p99:.1f} | {sum(run.bad for run in runs)} |")
    ratio = statistics.median(one.rate for one in ours) / statistics.median(one.rate for one in bare)
    print(f"\nratio {ratio:.2f} (limit {LIMIT}); answered and not stored: {lost}")
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
