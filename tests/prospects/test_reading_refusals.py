"""Files that cannot be imported: each gets one sentence that says what to do, and never a traceback."""

from pathlib import Path

import pytest

from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.table import UPLOAD_BYTES, open_table
from tests.prospects.sheets import csv_file, raw_file


def fault_of(path: Path, most_bytes: int | None = None) -> FileFault:
    with pytest.raises(FileFault) as caught:
        list(open_table(path, most_bytes=most_bytes).rows())
    return caught.value


@pytest.mark.parametrize(
    "content",
    [
        b'company,email\nA,a@x.example\n"B,b@x.example\nC,c@x.example\n',
        b'company,email\nA,a@x.example\n"B,b@x.example\n"C",c@x.example\nD,d@x.example\n',
        b'company,email\nA,a@x.example\n"B,b@x.example',
        b'company,email\nA,a@x.example\nB,"b@x.example\n' + b"C,c@x.example\n" * 20_000,
    ],
    ids=["to the end", "to the next quote", "last line", "over the limit of a cell"],
)
def test_an_open_quote_is_a_fault_that_names_its_line(tmp_path: Path, content: bytes) -> None:
    fault = fault_of(raw_file(tmp_path, content))
    assert (fault.code, fault.line) == (FileFaultCode.OPEN_QUOTE, 3)
    assert "Line 3" in fault.words


def test_ten_thousand_columns_are_refused_with_the_number(tmp_path: Path) -> None:
    fault = fault_of(csv_file(tmp_path, [[f"c{n}" for n in range(10_000)], ["x"] * 10_000]))
    assert fault.code is FileFaultCode.TOO_MANY_COLUMNS
    assert "10,000" in fault.words


def test_a_line_without_end_is_refused(tmp_path: Path) -> None:
    fault = fault_of(raw_file(tmp_path, b"company,email\n" + b"a," * 700_000))
    assert (fault.code, fault.line) == (FileFaultCode.LINE_TOO_LONG, 2)


def test_a_cell_without_end_is_refused(tmp_path: Path) -> None:
    fault = fault_of(raw_file(tmp_path, b"company,email\n" + b"a" * 200_000 + b",b\n"))
    assert (fault.code, fault.line) == (FileFaultCode.LINE_TOO_LONG, 2)


@pytest.mark.parametrize(
    "content", [b"", b"\n\n \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b",,,\n,,\n", b"\xff\xfe\n\0"]
)
def test_an_empty_file_is_called_empty(tmp_path: Path, content: bytes) -> None:
    assert fault_of(raw_file(tmp_path, content)).code is FileFaultCode.EMPTY


@pytest.mark.parametrize("content", [b"company,email\n", b"company,email", b"company,email\n,\n\n"])
def test_a_header_alone_is_called_that(tmp_path: Path, content: bytes) -> None:
    assert fault_of(raw_file(tmp_path, content)).code is FileFaultCode.NO_ROWS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"%PDF-1.7\n" + b"x" * 50, FileFaultCode.NOT_A_TABLE),
        (b"MZ\x90\0\x03\0\0\0" + b"\0" * 90, FileFaultCode.NOT_A_TABLE),
        (b"\x7fELF" + b"\0" * 90, FileFaultCode.NOT_A_TABLE),
        (bytes(range(1, 32)) * 40, FileFaultCode.NOT_A_TABLE),
        (b'{"email": "a@x.example"}', FileFaultCode.NOT_A_TABLE),
        (b"BEGIN:VCARD\nVERSION:3.0\n", FileFaultCode.NOT_A_TABLE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 90, FileFaultCode.OLD_EXCEL),
        (b"<html><table><tr><td>email</td></tr></table>", FileFaultCode.WEB_PAGE),
        (b'\n <?xml version="1.0"?><Workbook/>', FileFaultCode.WEB_PAGE),
        (b"name,email\n\x81\x8d\x8f,a@x.example\n", FileFaultCode.ENCODING),
        ("naam;é\nJosé;x\n".encode() + "Zoë;x\n".encode("cp1252"), FileFaultCode.MIXED_ENCODING),
        ("naam;email\n".encode("utf-16") + b"x", FileFaultCode.ENCODING),
    ],
)
def test_what_is_no_table_is_refused_by_its_kind(tmp_path: Path, content: bytes, code: FileFaultCode) -> None:
    assert fault_of(raw_file(tmp_path, content)).code is code


def test_mixed_encodings_name_the_line(tmp_path: Path) -> None:
    content = "naam;email\nJosé;x\n".encode() + "Zoë;x\n".encode("cp1252")
    assert fault_of(raw_file(tmp_path, content)).line == 3


def test_a_file_over_the_limit_of_the_page_is_refused(tmp_path: Path) -> None:
    path = raw_file(tmp_path, b"company,email\nA,a@x.example\n")
    assert fault_of(path, most_bytes=10).code is FileFaultCode.TOO_LARGE
    assert len(list(open_table(path, most_bytes=UPLOAD_BYTES).rows())) == 1


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "gone.csv").code is FileFaultCode.UNREADABLE
    assert fault_of(tmp_path).code is FileFaultCode.UNREADABLE


def test_no_fault_repeats_what_stands_in_the_file(tmp_path: Path) -> None:
    content = b'name,email\n"Ann Secret,ann@secret.example\n'
    assert "secret" not in fault_of(raw_file(tmp_path, content)).words.lower()
