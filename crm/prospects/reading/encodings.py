"""Which bytes a text file is made of, found out by reading all of it once."""

import codecs
from pathlib import Path
from typing import Final

from crm.prospects.reading.faults import FileFault, FileFaultCode

CHUNK = 1 << 20  # bytes
SAMPLE = 1 << 16  # bytes looked at to tell text from other files

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARIES: Final = (
    b"%PDF", b"\x7fELF", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"SQLite format 3", b"\x89PNG", b"GIF8",
    b"\xff\xd8\xff", b"BZh", b"\xfd7zXZ", b"{\\rtf", b"BEGIN:VCARD", b"ID3", b"\xca\xfe\xba\xbe",
)  # fmt: skip
_PAGES: Final = (b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta", b"<head")
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ODD_CONTROLS: Final = bytes({*range(32)} - {0, 9, 10, 12, 13, 26})
_MOST_ODD: Final = 0.02  # of a sample, and a handful: more control characters than this are no text
_HANDFUL: Final = 8


def encoding_of(path: Path) -> str:
    """The name of the encoding, as `open` takes it; every byte of the file was decoded with it.

    Raises:
        FileFault: the file is empty, is not text, or mixes encodings.
    """
    with path.open("rb") as file:
        sample = file.read(SAMPLE)
    _refuse_other_files(sample)
    for mark, name in _MARKS:
        if sample.startswith(mark):
            _decode_all(path, name)
            return name
    wide = _without_mark(sample)
    if wide:
        _decode_all(path, wide)
        return wide
    odd = len(sample) - len(sample.translate(None, _ODD_CONTROLS))
    if odd > max(_HANDFUL, len(sample) * _MOST_ODD):
        raise _not_a_table()
    return _narrow(path)


def _refuse_other_files(sample: bytes) -> None:
    start = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start:
        raise FileFault(FileFaultCode.EMPTY, "The file is empty.")
    if start.startswith(_OLE):
        raise FileFault(
            FileFaultCode.OLD_EXCEL,
            "This is an old Excel file (.xls) or one with a password. Save it as plain .xlsx or as CSV.",
        )
    if start[:16].lower().startswith(_PAGES):
        raise FileFault(
            FileFaultCode.WEB_PAGE,
            "This is a web page or XML, whatever its name says. Open it in a spreadsheet and save it as "
            ".xlsx or CSV.",
        )
    is_json = start.startswith((b'{"', b"[{", b"{\n", b"{\r"))
    is_program = start.startswith(b"MZ") and b"\0" in start[:64]
    if is_json or is_program or start.startswith(_BINARIES):
        raise _not_a_table()


def _not_a_table() -> FileFault:
    return FileFault(
        FileFaultCode.NOT_A_TABLE, "This file is not a table. Export the prospects as .xlsx or CSV."
    )


def _without_mark(sample: bytes) -> str | None:
    """UTF-16 without its mark: in European text every second byte is nought."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > pairs * 0.4 and even < pairs * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > pairs * 0.4 and odd < pairs * 0.1 else None


def _narrow(path: Path) -> str:
    """UTF-8 when all of it is; otherwise the code page of Western Windows, when none of it was UTF-8."""
    line, seen = _first_not_utf8(path)
    if line is None:
        return "utf-8"
    if seen:
        raise FileFault(
            FileFaultCode.MIXED_ENCODING,
            f"Up to line {line} the file is UTF-8, there it is not: parts of two files were put together. "
            "Open it in a spreadsheet, look at the accents, and save it as CSV UTF-8.",
            line=line,
        )
    _decode_all(path, "cp1252")
    return "cp1252"


def _first_not_utf8(path: Path) -> tuple[int | None, bool]:
    """The first line that is not UTF-8, and whether letters beyond ASCII stood before it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, seen = 1, False
    with path.open("rb") as file:
        while True:
            chunk = file.read(CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = bytes(error.object[: error.start])
                return line + before.count(b"\n"), seen or not before.isascii()
            if not chunk:
                return None, seen
            line += text.count("\n")
            seen = seen or not text.isascii()


def _decode_all(path: Path, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise FileFault(
            FileFaultCode.ENCODING,
            "The letters of this file cannot be read. Open it in a spreadsheet and save it as CSV UTF-8.",
        ) from error
