"""Where the cells of a text file end, and in which line its header stands."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

SEPARATORS: Final = (",", ";", "\t", "|")
SAMPLE: Final = 1 << 16  # characters
RECORDS: Final = 100
PREAMBLE: Final = 10
"""So many records are looked at for the header: some exports begin with a note."""

_FULL: Final = 3  # cells; under a note of one cell, a record with as many is the header


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one text file is written."""

    encoding: str
    separator: str
    has_note: bool = False
    """The first line names the separator and is no part of the table: `sep=;`, which Excel understands."""


def dialect_of(path: Path, encoding: str) -> Dialect:
    """Find the separator whose cells are most alike in number from line to line."""
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE)
        is_whole = not file.read(1)
    named = _named_separator(sample)
    if named:
        return Dialect(encoding, named, has_note=True)
    found = [(_likeness(sample, separator, is_whole=is_whole), separator) for separator in SEPARATORS]
    best = max(found, key=lambda one: one[0])  # the first of equals, in the order of the list
    return Dialect(encoding, best[1] if best[0] > 0 else SEPARATORS[0])


def header_place(records: Sequence[Sequence[str]]) -> int | None:
    """Which record is the header: the first with text, but not a note of one cell above a full record."""
    widths = [sum(1 for cell in cells if cell.strip()) for cells in records[:PREAMBLE]]
    first = next((place for place, width in enumerate(widths) if width), None)
    if first is None or widths[first] > 1:
        return first
    return next((place for place, width in enumerate(widths) if width >= _FULL), first)


def _named_separator(sample: str) -> str | None:
    first = sample.lstrip("\ufeff").partition("\n")[0].rstrip("\r").strip('"')
    return first[4] if first[:4].lower() == "sep=" and len(first) == 5 and first[4] in SEPARATORS else None


def _records(sample: str, separator: str, *, is_whole: bool) -> list[list[str]]:
    """The first records; the last one may be cut and is left out."""
    records: list[list[str]] = []
    try:
        records.extend(islice(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), RECORDS))
    except csv.Error:
        return records
    is_cut = not is_whole and 1 < len(records) < RECORDS
    return records[:-1] if is_cut else records


def _likeness(sample: str, separator: str, *, is_whole: bool) -> float:
    """How well a separator explains the sample; 0 when the header has one cell with it."""
    records = _records(sample, separator, is_whole=is_whole)
    place = header_place(records)
    if place is None or len(records[place]) < 2:
        return 0.0
    counts = Counter(len(cells) for cells in records[place:] if any(cells))
    common, times = counts.most_common(1)[0]
    agreeing: float = times / counts.total()
    return agreeing**2 * common * (1.0 if _is_strict(sample, separator) else 0.5)


def _is_strict(sample: str, separator: str) -> bool:
    """Tell whether every quotation mark stands where this separator wants it."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator, strict=True)
    try:
        return all(reader.line_num > 0 for _ in islice(reader, RECORDS - 1))
    except csv.Error:
        return False
