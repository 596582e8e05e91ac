"""What an import would do with every row of its file, kept beside the upload for as long as that is kept.

A pass over a large file takes longer than somebody waits for a page. It is made in pieces, each written
here, and a page reads the rows it shows and no others. It is no part of the database: it holds for the
choices it was made with, nothing follows from it, and an erasure finds names in it as in the upload.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from crm.kernel.digests import AddressDigest
from crm.prospects.choices import Choices
from crm.prospects.import_models import RowOutcome

_TABLES: Final = """
CREATE TABLE seen (choices TEXT NOT NULL, position INTEGER NOT NULL, is_whole INTEGER NOT NULL);
CREATE TABLE rows (
    number INTEGER PRIMARY KEY, line INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    address TEXT NOT NULL, name TEXT NOT NULL, company TEXT NOT NULL, country TEXT NOT NULL
);
CREATE INDEX by_outcome ON rows (outcome, number);
CREATE TABLE taken (identity TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
"""


class Foreseen(NamedTuple):
    """One row as it would be taken; a broken one has no texts."""

    number: int
    line: int
    outcome: RowOutcome
    reason: str
    address: str = ""
    name: str = ""
    company: str = ""
    country: str = ""


class Forecast:
    """The rows looked at so far, with the choices they were looked at with."""

    def __init__(self, path: Path) -> None:
        """The file at `path`; `begin` makes it."""
        self._path = path

    @classmethod
    def begin(cls, path: Path, choices: Choices) -> Self:
        """Forget what was foreseen with other choices, and begin at the first row."""
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        with closing(sqlite3.connect(path)) as made:
            made.executescript(f"PRAGMA journal_mode = MEMORY; {_TABLES}")
            made.execute("INSERT INTO seen VALUES (?, 0, 0)", (json.dumps(choices.to_json()),))
            made.commit()
        return cls(path)

    @property
    def is_there(self) -> bool:
        """Somebody asked for it, the upload is still kept, and no crash left half of it."""
        try:
            return self._path.exists() and bool(self._one("SELECT 1 FROM seen"))
        except sqlite3.Error:
            return False

    @property
    def choices(self) -> Choices:
        """What it was made with."""
        return Choices.from_json(json.loads(str(self._one("SELECT choices FROM seen")[0])))

    @property
    def position(self) -> tuple[int, bool]:
        """How many rows were looked at, and whether these are all."""
        position, is_whole = self._one("SELECT position, is_whole FROM seen")
        return int(position), bool(is_whole)

    @property
    def counts(self) -> Mapping[RowOutcome, int]:
        """By outcome; they add up to the position."""
        with self._open() as file:
            found = file.execute("SELECT outcome, count(*) FROM rows GROUP BY outcome").fetchall()
        return Counter({RowOutcome(outcome): number for outcome, number in found})

    def rows(self, outcomes: Iterable[RowOutcome] | None, *, after: int, limit: int) -> list[Foreseen]:
        """A page: the rows behind number `after`, of all outcomes or of these."""
        wanted = list(RowOutcome) if outcomes is None else list(outcomes)
        # One look into the index for each outcome: the last page takes no longer than the first.
        each = "SELECT * FROM (SELECT * FROM rows WHERE outcome = ? AND number > ? ORDER BY number LIMIT ?)"
        query = f"{' UNION ALL '.join([each] * len(wanted))} ORDER BY 1 LIMIT ?"
        values = [value for one in wanted for value in (one.value, after, limit)]
        with self._open() as file:
            found = file.execute(query, [*values, limit]).fetchall()
        return [Foreseen(row[0], row[1], RowOutcome(row[2]), *row[3:]) for row in found]

    @contextmanager
    def going_on(self) -> Iterator["Piece"]:
        """Add to it. Of two at once the second goes on where the first ended."""
        with self._open() as file:
            file.execute("BEGIN IMMEDIATE")
            piece = Piece(file)
            yield piece
            file.execute("UPDATE seen SET position = ?, is_whole = ?", (piece.position, piece.is_whole))
            file.commit()

    def _one(self, query: str) -> tuple[Any, ...]:
        with self._open() as file:
            found: tuple[Any, ...] = file.execute(query).fetchone()
        return found

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        address = f"{self._path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)) as file:
            # No second file with names in it beside this one; what a crash leaves is not worth mending.
            file.execute("PRAGMA journal_mode = MEMORY")
            yield file


class Piece:
    """The next rows."""

    def __init__(self, file: sqlite3.Connection) -> None:
        """In a transaction that `Forecast.going_on` ends."""
        self._file = file
        self.position, whole = file.execute("SELECT position, is_whole FROM seen").fetchone()
        self.is_whole = bool(whole)

    @property
    def earlier(self) -> dict[AddressDigest, int]:
        """The mailboxes of the rows before, with their lines."""
        found = self._file.execute("SELECT identity, line FROM taken")
        return {AddressDigest(identity): line for identity, line in found}

    def add(self, rows: Iterable[Foreseen], taken: Mapping[AddressDigest, int]) -> None:
        """Keep some rows, and the mailboxes that they were the first to have."""
        found = [(row.number, row.line, row.outcome.value, *row[3:]) for row in rows]
        self._file.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", found)
        self._file.executemany("INSERT OR IGNORE INTO taken VALUES (?, ?)", taken.items())
        self.position = found[-1][0]
