"""What an import would do with each row, without doing it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.controller import Controller
from crm.kernel.digests import AddressKeys
from crm.prospects.candidates import Broken, Candidate, CandidateReader
from crm.prospects.choices import NO_SOURCE, Choices
from crm.prospects.forecast import Forecast, Foreseen
from crm.prospects.import_models import RowOutcome
from crm.prospects.models import SourceKind
from crm.prospects.reading.columns import DropReason
from crm.prospects.reading.table import Table
from crm.queries.gate.import_gate import ImportGate
from crm.queries.imports.sorting import Line, Sorter

SHOWN: Final = 200
MOST: Final = 10_000
"""Rows a preview looks at: within two seconds on a small machine."""

_BATCH: Final = 1_000
_NOT_SAID: Final = "not said yet"


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows one by one, and counts of all that were looked at."""

    rows: tuple[Foreseen, ...]
    counts: Mapping[RowOutcome, int]
    """By outcome; they add up to `looked_at`."""

    looked_at: int
    is_whole: bool
    """The file ends there."""

    dropped: tuple[tuple[str, DropReason], ...]
    """Columns that are not kept, and why."""

    problems: tuple[str, ...]
    """What must be said before the import can start, in words."""


def preview(  # noqa: PLR0913 - by name
    session: Session,
    table: Table,
    choices: Choices,
    *,
    ring: AddressKeys,
    controller: Controller,
    now: datetime,
    shown: int = SHOWN,
    most: int = MOST,
) -> Preview:
    """Look at the first rows of a file. Writes nothing.

    Raises:
        FileFault: the file is broken within the rows that are looked at.
    """
    chosen = _as_if_said(choices.on(now.date()))
    sorter = Sorter(chosen, ImportGate.load(session, controller, now=now))
    reader = CandidateReader(ring, chosen.mapping, chosen.defaults)
    counts: Counter[RowOutcome] = Counter()
    rows: list[Foreseen] = []
    lines = table.rows()
    while batch := [reader.read(row) for row in islice(lines, min(_BATCH, most - counts.total()))]:
        found = sorter.sort(session, batch)
        sorter.settle(found)
        counts.update(line.outcome for line in found.lines)
        rows += map(_foreseen, batch[: shown - len(rows)], found.lines)
    return Preview(
        rows=tuple(rows),
        counts=dict(counts),
        looked_at=counts.total(),
        is_whole=next(lines, None) is None,
        dropped=tuple((one.header, one.dropped) for one in chosen.mapping.dropped if one.dropped),
        problems=choices.problems,
    )


def look_on(  # noqa: PLR0913 - by name
    session: Session,
    table: Table,
    forecast: Forecast,
    *,
    ring: AddressKeys,
    controller: Controller,
    now: datetime,
    most: int = MOST,
) -> None:
    """Look at the next rows of a file, and keep what would become of them. Writes nothing else.

    Raises:
        FileFault: the file is broken within the rows that are looked at.
    """
    chosen = _as_if_said(forecast.choices.on(now.date()))
    sorter = Sorter(chosen, ImportGate.load(session, controller, now=now))
    reader = CandidateReader(ring, chosen.mapping, chosen.defaults)
    with forecast.going_on() as piece:
        if piece.is_whole:
            return
        sorter.recall(piece.earlier)
        lines = table.rows(after=piece.position)
        ahead = list(islice(lines, most))
        for start in range(0, len(ahead), _BATCH):
            batch = [reader.read(row) for row in ahead[start : start + _BATCH]]
            found = sorter.sort(session, batch)
            sorter.settle(found)
            piece.add(map(_foreseen, batch, found.lines), found.taken)
        piece.is_whole = next(lines, None) is None


def _as_if_said(choices: Choices) -> Choices:
    """With a source for all rows where the file names none and nobody has yet: else each looked broken.

    What is missing is among the problems, and nothing starts before it is said.
    """
    if NO_SOURCE not in choices.problems:
        return choices
    said, today = choices.defaults, choices.defaults.today
    kind = said.source_kind or SourceKind.WEBSITE
    named = replace(said, source_kind=kind, obtained_on=said.obtained_on or today)
    if not (named.source_words or named.source_url):
        named = replace(named, source_words=_NOT_SAID)
    return replace(choices, defaults=named)


def _foreseen(row: Candidate | Broken, line: Line) -> Foreseen:
    if isinstance(row, Broken):
        return Foreseen(row.number, line.line, line.outcome, line.reason)
    parsed = row.row
    return Foreseen(
        row.number,
        line.line,
        line.outcome,
        line.reason,
        address=str(parsed.address),
        name=parsed.name,
        company=parsed.company,
        country=parsed.country,
    )
