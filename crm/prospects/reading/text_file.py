"""Rows of a CSV file, one at a time, with the line on which each begins (RFC 4180 and what is made of it)."""

import csv
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from io import TextIOBase
from pathlib import Path
from typing import Final, NoReturn

from crm.prospects.reading.dialects import Dialect, dialect_of
from crm.prospects.reading.encodings import encoding_of
from crm.prospects.reading.faults import FileFault, FileFaultCode

LONGEST_LINE: Final = 1_000_000  # characters

_ENCODING_WORDS: Final = {
    "utf-8-sig": "UTF-8",
    "cp1252": "Windows-1252",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}
_SEPARATOR_WORDS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

FORMULA_MARK: Final = "\ue000formula"
"""Stands in a workbook's cell whose formula was never calculated; `rows` makes a fault of it."""

Lines = Generator[tuple[int, list[str]], None, None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that can be read as lines of cells, as often as wanted."""

    lines: Callable[[], Lines]
    """Line in the file and cells."""

    described: str
    separator: str
    notes: tuple[str, ...] = ()


def open_text(path: Path) -> Opened:
    """Find out how a text file is written.

    Raises:
        FileFault: it is not a table of text.
    """
    dialect = dialect_of(path, encoding_of(path))
    encoding = _ENCODING_WORDS.get(dialect.encoding, dialect.encoding.upper())
    described = f"{encoding}, separated by {_SEPARATOR_WORDS[dialect.separator]}"
    return Opened(lambda: split(path, dialect), described, dialect.separator)


def split(path: Path, dialect: Dialect) -> Lines:
    """Cells line by line, blank lines included; a quoted line break belongs to its cell.

    Raises:
        FileFault: a quotation mark is never closed, or a line has no end.
    """
    try:
        with path.open(encoding=dialect.encoding, newline="") as file:
            if dialect.has_note:
                file.readline(LONGEST_LINE)
            yield from _split(file, dialect)
    except UnicodeError as error:
        raise FileFault(FileFaultCode.ENCODING, "The file changed while it was read.") from error


def _split(file: TextIOBase, dialect: Dialect) -> Lines:
    last = ""

    def lines() -> Iterator[str]:
        nonlocal last
        while line := file.readline(LONGEST_LINE):
            if len(line) == LONGEST_LINE:
                _refuse(FileFaultCode.LINE_TOO_LONG, begun, "has no end: more than a million characters")
            last = line
            yield line

    above = int(dialect.has_note)
    begun = above + 1
    # Strict: a quotation mark that is opened by mistake shows at the next one, not at the end of the file.
    reader = csv.reader(lines(), delimiter=dialect.separator, strict=True)
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            if above + reader.line_num > begun:
                _refuse_open_quote(begun)
            cells = _loosely(last, dialect.separator, begun)
        if cells is None:
            return
        yield begun, cells
        begun = above + reader.line_num + 1


def _loosely(line: str, separator: str, number: int) -> list[str]:
    """Read one line with stray quotation marks, as `"Studio" Jansen;NL`, the way spreadsheets do."""
    try:
        cells = next(csv.reader([line.rstrip("\r\n") + "\n"], delimiter=separator))
    except csv.Error:
        _refuse(FileFaultCode.LINE_TOO_LONG, number, "has a cell of more than 100,000 characters")
    if cells and cells[-1].endswith("\n"):
        _refuse_open_quote(number)
    return cells


def _refuse_open_quote(line: int) -> NoReturn:
    _refuse(
        FileFaultCode.OPEN_QUOTE, line, 'opens a quotation mark (") that is not closed where its cell ends'
    )


def _refuse(code: FileFaultCode, line: int, what: str) -> NoReturn:
    raise FileFault(code, f"Line {line} {what}. Mend that line and try again.", line=line)
