"""What is inside a zip, judged from its directory before anything is unpacked."""

import zipfile
from pathlib import Path
from typing import Final

from crm.prospects.reading.faults import FileFault, FileFaultCode

MOST_UNPACKED: Final = 200 * 1024 * 1024  # bytes
MOST_STRINGS: Final = 64 * 1024 * 1024  # bytes; the shared texts are held in memory whole
MOST_RATIO: Final = 200
"""A real sheet shrinks to a tenth or a thirtieth; nought bytes shrink to a thousandth."""

SMALL: Final = 5 * 1024 * 1024  # bytes unpacked; below this the ratio is nobody's trouble
MOST_MEMBERS: Final = 5_000
_PROLOG: Final = 2_048  # bytes; where a document type would stand
_SHEETS: Final = "xl/worksheets/"
_CHUNK: Final = 1 << 20  # bytes


def refuse_harmful(archive: zipfile.ZipFile) -> None:
    """Refuse archives that are no workbook or would fill the machine.

    The directory's sizes can be believed that far: the library never unpacks more than they say.

    Raises:
        FileFault: with the words for the reason.
    """
    members = archive.infolist()
    names = {member.filename for member in members}
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise FileFault(
            FileFaultCode.OTHER_ARCHIVE,
            "This is a zip archive and not an Excel workbook. Unpack it and import the file in it.",
        )
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members) or 1
    strings = sum(member.file_size for member in members if "sharedStrings" in member.filename)
    is_bomb = unpacked > SMALL and unpacked / packed > MOST_RATIO
    if is_bomb or unpacked > MOST_UNPACKED or strings > MOST_STRINGS or len(members) > MOST_MEMBERS:
        raise FileFault(
            FileFaultCode.BOMB,
            "Unpacked, this workbook is too large to open safely. Save the sheet with the prospects as CSV.",
        )
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            _refuse_document_type(archive, member)


def _refuse_document_type(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Workbooks have none; those who add one want its entities to grow."""
    with archive.open(member) as file:
        prolog = file.read(_PROLOG)
    if b"<!DOCTYPE" in prolog or b"<!ENTITY" in prolog or b"\0<\0!\0D" in prolog or b"<\0!\0D\0" in prolog:
        raise FileFault(
            FileFaultCode.BOMB, "This workbook defines XML entities, which no spreadsheet program does."
        )


def has_formulas(path: Path) -> bool:
    """Tell whether any sheet has a formula: then values must be told from formulas without one."""
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith(_SHEETS) and name.endswith(".xml")]
        return any(_mentions_formula(archive, name) for name in sheets)


def _mentions_formula(archive: zipfile.ZipFile, name: str) -> bool:
    tail = b""
    with archive.open(name) as file:
        while chunk := file.read(_CHUNK):
            window = tail + chunk
            if (
                b"<f>" in window
                or b"<f " in window
                or b"<f/" in window
                or b":f>" in window
                or b":f " in window
            ):
                return True
            tail = chunk[-4:]
    return False
