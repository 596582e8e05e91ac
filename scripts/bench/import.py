"""How fast prospects come in from a CSV file, against the SQLite command line's bare `.import` of it.

    python scripts/bench/import.py [--rows 100000] [--folder DIR] [--again]

The whole way is measured: reading and checking every address, the register of refusals, source and
evidence, what the gate says, and the search index. The reference has no index, no check and no type. Only
the ratio tells anything.
"""

import argparse
import csv
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import crm.models  # noqa: F401 - every table
from crm.bootstrap.command import settle_in
from crm.cli.progress import ImportBar, tally
from crm.kernel import keys, schema
from crm.kernel.clock import Clocks, monotonic, real_clock
from crm.kernel.controller import Controller
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.privacy.journal import Journal
from crm.prospects import uploads
from crm.prospects.choices import Choices
from crm.prospects.models import SourceKind
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import Defaults
from crm.prospects.reading.table import open_table
from crm.queries.imports.preview import MOST, preview
from crm.workflows.people.import_batch import Intake
from crm.workflows.people.import_prospects import import_prospects
from crm.workflows.people.import_run import Progress
from crm.workflows.people.receive_import import receive_import, start_import

LIMIT = 0.03
"""Of the reference; what this program has to hold."""

SECONDS = 60.0
HEADERS = (
    "First Name", "Last Name", "Email", "Company", "Job Title", "Website", "Country", "Language", "Phone",
    "Source URL", "Basis", "Evidence", "Confirmed by",
)  # fmt: skip
_FIRST = (
    "Ada", "Ben", "Cora", "Daan", "Eva", "Finn", "Guus", "Hanna", "Ivo", "Jana", "Kai", "Lena", "Max", "Noor",
    "Otto", "Pia", "Quint", "Rosa", "Sam", "Thea",
)  # fmt: skip
_LAST = (
    "Abel", "Brandt", "Castel", "Dijkstra", "Ekström", "Fischer", "Graaf", "Huber", "Ivens", "Jansen",
    "Köhler", "Lopez", "Meyer", "Novak",
)  # fmt: skip
_TRADE = (
    "Schoenen", "Fietsen", "Meubels", "Lampen", "Thee", "Sieraden", "Rugzakken", "Servies", "Tuin",
    "Speelgoed", "Boeken",
)  # fmt: skip
_ROLES = ("Inkoper", "E-commerce manager", "Eigenaar", "Head of content", "Marketing")
_PLACES = (("NL", "nl"), ("DE", "de"), ("FR", "fr"), ("BE", "nl"), ("GB", "en"), ("US", "en"))


def write_file(path: Path, rows: int) -> None:
    """An export as CRM programs make: four people a company, 1 in 200 rows broken, 1 in 100 repeated."""
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        previous: list[str] = []
        for number in range(rows):
            if previous and number % 100 == 99:
                writer.writerow(previous)
                continue
            previous = _row(chance, number)
            writer.writerow(previous)


def _row(chance: random.Random, number: int) -> list[str]:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    shop = number // 4
    domain = f"{_TRADE[shop % len(_TRADE)].lower()}{shop}.example"
    country, language = _PLACES[shop % len(_PLACES)]
    local = "info" if number % 4 == 0 else f"{first.lower()}.{number}"
    address = f"{local} {domain}" if number % 200 == 7 else f"{local}@{domain}"
    return [
        first, last, address, f"{_TRADE[shop % len(_TRADE)]} {shop} B.V.", chance.choice(_ROLES),
        f"https://www.{domain}/", country, language, f"+31 6 555 {number:05d}", f"https://www.{domain}/contact",
        "published_address", "Aanbiedingen kunt u sturen naar dit adres.", "Noor Jansen",
    ]  # fmt: skip


def reference(path: Path, database: Path) -> tuple[str, float]:
    """What the bare import was made with, and its seconds."""
    columns = ", ".join(f"c{place} TEXT" for place in range(len(HEADERS)))
    script = f"CREATE TABLE t({columns});\n.mode csv\n.import --skip 1 {path} t\n"
    command = shutil.which("sqlite3")
    begun = monotonic()
    if command:
        subprocess.run([command, str(database)], input=script, text=True, check=True)  # noqa: S603 - our own script
        return "sqlite3 .import, no index, no checks", monotonic() - begun
    with sqlite3.connect(database) as connection, path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        connection.execute(f"CREATE TABLE t({columns})")
        marks = ", ".join("?" * len(HEADERS))
        connection.executemany(f"INSERT INTO t VALUES ({marks})", reader)  # noqa: S608 - question marks
    return "Python's csv and executemany (sqlite3 is not installed), no index, no checks", monotonic() - begun


def ours(path: Path, intake: Intake) -> Progress:
    """Run the program's own import as the command line does, showing how far it is."""
    with path.open("rb") as file:
        row, table = receive_import(intake, file, file_name=path.name, by=None)
    choices = Choices(
        guess(table.headers),
        Defaults(
            source_kind=SourceKind.WEBSITE, obtained_on=real_clock().date(), relevance="sells goods online"
        ),
        relevance_by="Noor Jansen",
    )
    started = start_import(intake, row.public_id, choices)
    bar = ImportBar(sys.stdout)
    ended = import_prospects(intake, started.id, on_progress=bar.show)
    bar.end()
    if ended is None:
        raise SystemExit("the import was not free")
    return ended


def installation(folder: Path) -> Intake:
    """An empty database and keys of its own."""
    keys.make_missing(folder / "keys")
    database = Database(f"sqlite:///{folder / 'crm.db'}")
    schema.migrate(database)
    return Intake(
        database=database,
        ring=AddressKeys({1: b"bench" * 8}),
        journal=Journal(folder / "journal"),
        clocks=Clocks(calendar=real_clock),
        controller=Controller("Produfoto", "1", "2", "3769 TR Soesterberg", "info@produfoto.example"),
        uploads=uploads.folder_of(folder),
    )


def main() -> int:
    """Print the table; 1 when a figure is not held."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the databases are made; default a temporary one")
    parser.add_argument("--again", action="store_true", help="import the same file a second time as well")
    given = parser.parse_args()
    settle_in()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        path = folder / "prospects.csv"
        write_file(path, given.rows)
        print(f"{given.rows:,} rows, {path.stat().st_size / 1e6:.1f} MB")
        bare = [reference(path, folder / "a.db"), reference(path, folder / "b.db")]
        intake = installation(folder)
        took = [_measure(path, intake)]
        if given.again:
            took.append(_measure(path, intake))
        bare.append(reference(path, folder / "c.db"))
        best = statistics.median(seconds for _, seconds in bare)
        for label, seconds in zip(("everything checked", "the same file again"), took, strict=False):
            _show(f"import, {label}", given.rows, seconds, best)
        _show(bare[0][0], given.rows, best, best)
        print(f"preview of {MOST:,} rows: {_preview(path, intake):.2f} s")
    held = best / took[0] >= LIMIT and took[0] <= SECONDS * given.rows / 100_000
    told = "held" if held else "NOT HELD"
    print(f"to hold: {LIMIT} of the reference, 100,000 rows in {SECONDS:.0f} s: {told}")
    return 0 if held else 1


def _measure(path: Path, intake: Intake) -> float:
    begun = monotonic()
    ended = ours(path, intake)
    took = monotonic() - begun
    counts = ", ".join(f"{number:,} {words}" for words, number in tally(ended.counts))
    print(f"  {counts}; write lock held at most {ended.slowest * 1000:.0f} ms")
    return took


def _show(label: str, rows: int, seconds: float, reference: float) -> None:
    print(f"{label:<45} {seconds:>7.2f} s {rows / seconds:>10,.0f} rows/s {reference / seconds:>7.3f}")


def _preview(path: Path, intake: Intake) -> float:
    begun = monotonic()
    table = open_table(path)
    choices = Choices(guess(table.headers), Defaults(source_kind=SourceKind.WEBSITE))
    with intake.database.reading() as session:
        preview(session, table, choices, ring=intake.ring, controller=intake.controller, now=real_clock())
    return monotonic() - begun


if __name__ == "__main__":
    sys.exit(main())
