"""Does a page get slower as the data grows? List, deep page and rare search at 1,000,000 and at 100,000.

Real rows under the real schema, the real app over its test client, both sizes in one run. Prints medians
and ratios: list and deep page at most 1.5, rare search at most 2.5.

    PYTHONPATH=. .venv/bin/python scripts/bench/pages.py [--rows 1000000] [--small 100000] [--rounds 15]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import text

from crm.bootstrap.wiring import build_services
from crm.kernel import schema
from crm.kernel.settings import Settings
from crm.queries.pages import listing
from crm.queries.pages.listing import Filter
from crm.services import Services
from crm.staff import sessions
from crm.staff.models import Role, Staff
from crm.web.app import create_app
from tests.world import environment

BATCH = 20_000
AT_A_COMPANY = 4
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
GOALS = {"list": 1.5, "deep page": 1.5, "rare search": 2.5}

_COMPANIES = text(
    "INSERT INTO companies (id, name, domain, website, country, language, time_zone, legal_form, relevance,"
    " relevance_by, created_at, version) VALUES (:id, :name, :domain, '', 'NL', 'nl', 'Europe/Amsterdam',"
    " 'legal_person', 'sells its own products', 'bench', :at, 1)"
)
_PROSPECTS = text(
    "INSERT INTO prospects (id, company_id, name, role, role_relevance, address, address_digest,"
    " address_kind, address_state, language, country, status, created_at, version) VALUES (:id, :company,"
    " :name, 'inkoper', '', :address, :digest, 'named', 'unproven', '', 'NL', 'new', :at, 1)"
)
_FIRST = ("Anna", "Bram", "Chiara", "Daan", "Eva", "Finn", "Gijs", "Hanna", "Ilse", "Jan")
_LAST = ("de Boer", "Visser", "Müller", "Jansen", "Dubois", "Smit", "Peters", "Bakker", "Meijer", "Vos")


def _companies(rows: int) -> Iterator[dict[str, object]]:
    for number in range(1, rows // AT_A_COMPANY + 2):
        yield {"id": number, "name": f"Winkel {number:07d}", "domain": f"winkel{number}.example", "at": START}


def _prospects(rows: int) -> Iterator[dict[str, object]]:
    for number in range(1, rows + 1):
        name = f"{_FIRST[number % 10]} {_LAST[number // 10 % 10]}"
        yield {
            "id": number,
            "company": number // AT_A_COMPANY + 1,
            "name": "Xaviera Quist" if number == rows // 3 else name,
            "address": f"p{number}@winkel{number // AT_A_COMPANY + 1}.example",
            "digest": f"{number:032x}",
            "at": START + timedelta(seconds=number),
        }


def fill(services: Services, rows: int) -> None:
    """Real rows, in batches; the search index is kept by the database as they come."""
    for statement, source in ((_COMPANIES, _companies(rows)), (_PROSPECTS, _prospects(rows))):
        while batch := list(islice(source, BATCH)):
            for row in batch:
                row["at"] = row["at"].replace(tzinfo=None).isoformat(" ", "microseconds")  # type: ignore[attr-defined] # a datetime
            with services.database.transaction() as session:
                session.execute(statement, batch)
        print(".", end="", flush=True)


def installation(folder: Path, rows: int) -> tuple[Services, FlaskClient]:
    """An installation with so many prospects, and a browser that is logged in."""
    from crm.kernel import keys  # noqa: PLC0415 - only to make the folder

    keys.make_missing(folder / "keys")
    env = {**environment(folder, f"sqlite:///{folder / 'crm.db'}"), "CRM_BASE_URL": "http://127.0.0.1:8000"}
    services = build_services(Settings.from_env(env))
    schema.migrate(services.database)
    fill(services, rows)
    at = services.clocks.real()
    with services.database.transaction() as session:
        session.execute(text("ANALYZE"))
        person = Staff(
            name="Bench", email="b@bench.example", password_hash="", role=Role.ADMIN, created_at=at
        )
        session.add(person)
        session.flush()
        cookie = sessions.start(session, person, at=at)
    client = create_app(services).test_client()
    client.set_cookie("sid", cookie, domain="127.0.0.1")
    return services, client


def deep_page(services: Services, rows: int) -> str:
    """The address of a page in the middle of the list."""
    at = START + timedelta(seconds=rows // 2)
    with services.database.reading() as session:
        page = listing.page(session, Filter(), after=listing.Cursor(at, rows // 2))
    return f"/prospects?after={page.older}".replace("+", "%2B")


def milliseconds(client: FlaskClient, address: str) -> float:
    """One page, as the browser asks for it."""
    begun = time.perf_counter()
    answer = client.get(address, base_url="http://127.0.0.1:8000")
    if answer.status_code != 200 or b'id="list"' not in answer.data:
        raise SystemExit(f"{address} answered {answer.status_code}")
    return (time.perf_counter() - begun) * 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for rows in (asked.small, asked.rows):
            print(f"filling {rows:,} ", end="", flush=True)
            home = Path(folder) / str(rows)
            home.mkdir()
            made[rows] = installation(home, rows)
            print()
        pages: dict[str, Callable[[Services, int], str]] = {
            "list": lambda _services, _rows: "/prospects",
            "deep page": deep_page,
            "rare search": lambda _services, _rows: "/prospects?q=xaviera",
        }
        failed = False
        print(f"{'page':12} {'small ms':>9} {'large ms':>9} {'ratio':>6} {'goal':>5}")
        for name, address in pages.items():
            times: dict[int, list[float]] = {rows: [] for rows in made}
            for _ in range(asked.rounds + 2):  # sizes take turns, so that a busy moment hits both
                for rows, (services, client) in made.items():
                    times[rows].append(milliseconds(client, address(services, rows)))
            small, large = (statistics.median(times[rows][2:]) for rows in (asked.small, asked.rows))
            failed |= large / small > GOALS[name]
            print(f"{name:12} {small:9.1f} {large:9.1f} {large / small:6.2f} {GOALS[name]:5.1f}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
