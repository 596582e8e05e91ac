"""Import files for tests, written in every way people write them."""

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

Cells = Sequence[Sequence[str]]

DIALECTS: tuple[tuple[str, str, str], ...] = (
    ("utf-8", ",", "\r\n"),
    ("utf-8", ";", "\n"),
    ("utf-8", "\t", "\n"),
    ("utf-8", "|", "\n"),
    ("utf-8-sig", ",", "\r\n"),
    ("utf-8-sig", ";", "\r\n"),
    ("utf-8-sig", "\t", "\r"),
    ("utf-16", ",", "\r\n"),
    ("utf-16", ";", "\n"),
    ("utf-16", "\t", "\r\n"),
    ("utf-16-le", ",", "\n"),
    ("utf-16-be", ";", "\r\n"),
    ("cp1252", ";", "\r\n"),
    ("cp1252", ",", "\r"),
    ("utf-32", ",", "\n"),
)
"""Encoding, separator, end of line."""


def text_of(cells: Cells, *, separator: str = ",", newline: str = "\r\n", quote_all: bool = False) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(
        buffer,
        delimiter=separator,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    ).writerows(cells)
    return buffer.getvalue()


def csv_file(folder: Path, cells: Cells, *, encoding: str = "utf-8", **options: Any) -> Path:
    path = folder / "prospects.csv"
    path.write_bytes(text_of(cells, **options).encode(encoding))
    return path


def raw_file(folder: Path, content: bytes, name: str = "prospects.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def workbook_file(folder: Path, rows: Sequence[Sequence[Any]], name: str = "prospects.xlsx") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    path = folder / name
    book.save(path)
    return path


def edited(path: Path, member: str, old: bytes, new: bytes) -> Path:
    """The workbook with the text of one of its members changed."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert old in members[member]
    members[member] = members[member].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path
