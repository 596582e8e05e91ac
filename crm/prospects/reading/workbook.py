"""Rows of an Excel workbook (.xlsx): the values that were last calculated, never the formulas."""

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from itertools import repeat
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from crm.prospects.reading.archives import has_formulas, refuse_harmful
from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.text_file import FORMULA_MARK, Lines, Opened

_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")

# What the library raises for workbooks that are none: it does not say, so these were found by trying.
_UNREADABLE: Final = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, EOFError, RuntimeError, AssertionError, RecursionError,
)  # fmt: skip

# It warns about styles and extensions it leaves out; none of them is a value.
warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")


def open_workbook(path: Path) -> Opened:
    """Find the first sheet with anything in it.

    Raises:
        FileFault: the file is no workbook, is broken, or would fill the machine.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            refuse_harmful(archive)
        calculated = has_formulas(path)
        place, names = _first_full_sheet(path)
    except _UNREADABLE as error:
        raise _broken() from error
    others = [name for number, name in enumerate(names) if number != place]
    notes = (
        () if not others else (f"Only the sheet number {place + 1} is read; there are {len(others)} more.",)
    )
    return Opened(lambda: _lines(path, place, calculated=calculated), "Excel workbook", ";", notes)


def _broken() -> FileFault:
    return FileFault(
        FileFaultCode.BROKEN_WORKBOOK,
        "This workbook is damaged or protected. Open it in a spreadsheet and save it again as .xlsx or CSV.",
    )


@contextmanager
def _book(path: Path, *, values: bool) -> Iterator[Workbook]:
    """The workbook, from a file that is closed whatever happens; the library would look at its name."""
    with path.open("rb") as file, closing(load_workbook(file, read_only=True, data_only=values)) as book:
        yield book


def _first_full_sheet(path: Path) -> tuple[int, list[str]]:
    with _book(path, values=True) as book:
        sheets = list(book.worksheets)
        for place, sheet in enumerate(sheets):
            if sheet.sheet_state == "visible" and any(any(row) for row in _values(sheet)):
                return place, [sheet.title for sheet in sheets]
    raise FileFault(FileFaultCode.EMPTY, "Every sheet of this workbook is empty.")


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - the library has no type for its lazy sheet
    sheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be lost
    rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(values_only=True)
    return rows


def _lines(path: Path, place: int, *, calculated: bool) -> Lines:
    try:
        with _book(path, values=True) as book:
            rows = _values(book.worksheets[place])
            if not calculated:
                yield from _texts(zip(rows, repeat(None), strict=False))
                return
            with _book(path, values=False) as formulas:
                yield from _texts(zip(rows, _values(formulas.worksheets[place]), strict=True))
    except _UNREADABLE as error:
        raise _broken() from error


def _texts(
    rows: Iterator[tuple[tuple[Any, ...], tuple[Any, ...] | None]],
) -> Iterator[tuple[int, list[str]]]:
    for number, (values, formulas) in enumerate(rows, start=1):
        cells = [_text(value) for value in values]
        if formulas is not None:
            cells = [
                FORMULA_MARK if value is None and formula is not None else cell
                for cell, value, formula in zip(cells, values, formulas, strict=False)
            ]
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells


def _text(value: object) -> str:  # noqa: PLR0911 - one answer for each kind of value
    """The value as a person would type it into a CSV file."""
    match value:
        case None:
            return ""
        case str():
            return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value) if "_x" in value else value
        case bool():
            return "yes" if value else "no"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)
