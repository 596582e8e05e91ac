"""An import file as headers and rows, whatever it was made with."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from crm.kernel.text import one_line
from crm.prospects.reading import text_file
from crm.prospects.reading.dialects import PREAMBLE, header_place
from crm.prospects.reading.faults import FileFault, FileFaultCode

UPLOAD_BYTES: Final = 20 * 1024 * 1024
"""What the page takes; the command line has no limit."""

SMALL_TEXT: Final = 4_000_000
SMALL_WORKBOOK: Final = 100_000
"""Bytes of a file that is read to its end within a quarter of a second; a workbook is packed."""

MOST_COLUMNS: Final = 200
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class Row(NamedTuple):
    """One row under the header; rows without any text are not counted."""

    number: int
    """1 is the first row under the header: where a resumed import goes on."""

    line: int
    """Line in the file where the row begins, or row of the sheet."""

    values: list[str]
    """As they stand there: not cleaned, and possibly fewer or more than there are headers."""


@dataclass(frozen=True, slots=True)
class Table:
    """One import file."""

    headers: tuple[str, ...]
    """Cleaned and without empty ones at the end; an empty one in between is called by its number."""

    described: str
    """How the file was read, in words for the preview: `UTF-8, separated by ;`."""

    separator: str
    """For files made from this one; a semicolon for a workbook."""

    notes: tuple[str, ...]
    """What was left out of the file, in words."""

    _lines: Callable[[], Iterator[tuple[int, list[str]]]] = field(repr=False)

    def rows(self, *, after: int = 0) -> Iterator[Row]:
        """Read the file from the start; may be called again and again.

        Args:
            after: number of the last row that is not wanted.

        Raises:
            FileFault: while reading, when the file turns out to be broken further down.
        """
        number = 0
        try:
            for line, values in self._lines():
                if not "".join(values).strip():
                    continue
                number += 1
                if number > after:
                    yield Row(number, line, values)
        except OSError as error:
            raise _unreadable() from error


def open_table(path: Path, *, most_bytes: int | None = None) -> Table:
    """Look at a file's bytes, not at its name, and say how to read it.

    Args:
        path: the file.
        most_bytes: larger files are refused; None takes any size.

    Raises:
        FileFault: the file cannot be imported; the words say why and what to do.
    """
    try:
        if most_bytes is not None and path.stat().st_size > most_bytes:
            raise FileFault(
                FileFaultCode.TOO_LARGE,
                f"The file is larger than {most_bytes // 1024**2} MB. Split it, or use the command line.",
            )
        with path.open("rb") as file:
            is_zip = file.read(4).startswith(_ZIP)
        opened = _open_workbook(path) if is_zip else text_file.open_text(path)
    except OSError as error:
        raise _unreadable() from error
    return _checked(opened)


def _open_workbook(path: Path) -> text_file.Opened:
    from crm.prospects.reading import workbook  # noqa: PLC0415 - its library takes a twentieth of a start

    return workbook.open_workbook(path)


def is_small(path: Path) -> bool:
    """Tell whether somebody can wait until a file was read to its end.

    Raises:
        FileFault: it is gone.
    """
    try:
        with path.open("rb") as file:
            is_zip = file.read(4).startswith(_ZIP)
        return path.stat().st_size <= (SMALL_WORKBOOK if is_zip else SMALL_TEXT)
    except OSError as error:
        raise _unreadable() from error


def _unreadable() -> FileFault:
    return FileFault(FileFaultCode.UNREADABLE, "The file cannot be opened.")


def _checked(opened: text_file.Opened) -> Table:
    """Take the header from the first line, and refuse what has none or nothing under it."""
    with closing(opened.lines()) as lines:
        first = [cells for _, cells in islice(lines, PREAMBLE)]
        place = header_place(first)
        if place is None:
            raise FileFault(FileFaultCode.EMPTY, "The file is empty.")
        headers = _headers(first[place])
        below = chain(first[place + 1 :], (cells for _, cells in lines))
        if not any("".join(cells).strip() for cells in below):
            raise FileFault(FileFaultCode.NO_ROWS, "There is a header and no row under it.")
    skipped = place + 1
    notes = opened.notes if not place else (*opened.notes, f"{place} lines above the header are left out.")
    return Table(
        headers, opened.described, opened.separator, notes, lambda: islice(opened.lines(), skipped, None)
    )


def _headers(cells: list[str]) -> tuple[str, ...]:
    names = [one_line(cell)[:200] for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        raise FileFault(
            FileFaultCode.TOO_MANY_COLUMNS,
            f"The header has {len(names):,} columns; {MOST_COLUMNS} is the limit. Keep those to be imported.",
        )
    if not names:
        raise FileFault(FileFaultCode.EMPTY, "The first line is empty, so nothing says what the columns are.")
    return tuple(name or f"Column {place}" for place, name in enumerate(names, start=1))
