"""Excel workbooks: their values, never their formulas, and nothing that fills the machine."""

import io
import random
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from crm.prospects.reading.faults import FileFault, FileFaultCode
from crm.prospects.reading.table import open_table
from crm.prospects.reading.text_file import FORMULA_MARK
from tests.prospects.sheets import edited, raw_file, workbook_file

HEADER = ["Company", "Email", "Found on"]
SHEET = "xl/worksheets/sheet1.xml"

# The library warns about what it leaves out; the program tells it not to, and the tests' setting undoes that.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")


def values_of(path: Path) -> list[list[str]]:
    return [row.values for row in open_table(path).rows()]


def fault_of(path: Path) -> FileFaultCode:
    with pytest.raises(FileFault) as caught:
        list(open_table(path).rows())
    return caught.value.code


def test_values_come_as_people_would_type_them(tmp_path: Path) -> None:
    made = datetime(2026, 11, 23, tzinfo=UTC).replace(tzinfo=None)
    row = ["A", "a@x.example", made, 12, 12.0, 12.5, True, date(2026, 11, 3), None, "end"]
    path = workbook_file(tmp_path, [[f"c{n}" for n in range(10)], row])
    assert values_of(path) == [
        ["A", "a@x.example", "2026-11-23", "12", "12", "12.5", "yes", "2026-11-03", "", "end"]
    ]


def test_a_workbook_is_told_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]], name="prospects.csv")
    assert open_table(path).described == "Excel workbook"
    assert values_of(path) == [["A", "a@x.example"]]


def test_a_title_above_the_header_is_left_out(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [["Prospects 2026"], [], HEADER, ["A", "a@x.example", "2026-11-23"]])
    table = open_table(path)
    assert table.headers == tuple(HEADER)
    assert [row.line for row in table.rows()] == [4]


def test_empty_rows_are_not_counted_but_keep_their_lines(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, [], ["A", "a@x.example"], [], ["B", "b@x.example"]])
    assert [(row.number, row.line) for row in open_table(path).rows()] == [(1, 3), (2, 5)]


def test_a_formula_without_a_value_is_marked(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", '="a"&"@x.example"'], ["B", "b@x.example"]])
    assert values_of(path) == [["A", FORMULA_MARK], ["B", "b@x.example"]]


def test_a_formula_with_a_value_gives_the_value(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "=1+1"]])
    edited(path, SHEET, b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
    assert values_of(path) == [["A", "2"]]


def test_text_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    sheet.append(["A", "=cmd"])
    sheet["B2"].data_type = "s"
    book.save(tmp_path / "text.xlsx")
    assert values_of(tmp_path / "text.xlsx") == [["A", "=cmd"]]


def test_a_wrong_size_in_the_sheet_loses_no_rows(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, *[[f"C{n}", f"a{n}@x.example"] for n in range(20)]])
    edited(path, SHEET, b'<dimension ref="A1:C21"', b'<dimension ref="A1:A1"')
    assert len(values_of(path)) == 20


def test_a_second_sheet_is_named(tmp_path: Path) -> None:
    book = Workbook()
    first, second = book.active, book.create_sheet("Old")
    assert first is not None
    for sheet in (first, second):
        sheet.append(HEADER)
        sheet.append(["A", "a@x.example"])
    book.save(tmp_path / "two.xlsx")
    assert open_table(tmp_path / "two.xlsx").notes == ("Only the sheet number 1 is read; there are 1 more.",)


def test_an_empty_first_sheet_is_passed_over(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("Data").append(HEADER)
    book["Data"].append(["A", "a@x.example"])
    book.save(tmp_path / "second.xlsx")
    assert values_of(tmp_path / "second.xlsx") == [["A", "a@x.example"]]


def test_ten_thousand_columns_are_refused(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [[f"c{n}" for n in range(10_000)], ["x"]])
    assert fault_of(path) is FileFaultCode.TOO_MANY_COLUMNS


def test_a_workbook_without_cells_is_empty(tmp_path: Path) -> None:
    assert fault_of(workbook_file(tmp_path, [])) is FileFaultCode.EMPTY
    assert fault_of(workbook_file(tmp_path, [HEADER])) is FileFaultCode.NO_ROWS


def archive(tmp_path: Path, members: dict[str, bytes], name: str = "prospects.csv") -> Path:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for member, content in members.items():
            made.writestr(member, content)
    return raw_file(tmp_path, buffer.getvalue(), name)


def test_a_zip_named_csv_is_refused_with_what_to_do(tmp_path: Path) -> None:
    assert fault_of(archive(tmp_path, {"prospects.csv": b"email\n"})) is FileFaultCode.OTHER_ARCHIVE


def test_an_open_document_sheet_is_refused(tmp_path: Path) -> None:
    path = archive(
        tmp_path, {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b""}
    )
    assert fault_of(path) is FileFaultCode.OTHER_ARCHIVE


def test_a_ratio_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet2.xml", bytes(30 * 1024 * 1024))
    assert fault_of(path) is FileFaultCode.BOMB


def test_more_than_200_megabytes_unpacked_are_refused(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]])
    noise = random.Random(1).randbytes(1_500_000)  # noqa: S311 - nothing secret: bytes that do not shrink
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("xl/media/a.bin", noise)
        made.writestr("xl/media/b.bin", bytes(201 * 1024 * 1024))
    assert fault_of(path) is FileFaultCode.BOMB


def test_too_many_shared_texts_are_refused(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]])
    noise = random.Random(1).randbytes(1_000_000)  # noqa: S311 - nothing secret: bytes that do not shrink
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        made.writestr("xl/sharedStrings2.xml", noise + bytes(70 * 1024 * 1024))
    assert fault_of(path) is FileFaultCode.BOMB


def test_growing_entities_are_refused(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]])
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet '
    edited(path, SHEET, b"<worksheet ", entities)
    assert fault_of(path) is FileFaultCode.BOMB


def test_a_cut_workbook_is_a_fault(tmp_path: Path) -> None:
    whole = workbook_file(tmp_path, [HEADER, ["A", "a@x.example"]]).read_bytes()
    assert fault_of(raw_file(tmp_path, whole[: len(whole) // 2])) is FileFaultCode.BROKEN_WORKBOOK


def test_escaped_control_characters_are_read(tmp_path: Path) -> None:
    path = workbook_file(tmp_path, [HEADER, ["A_x000D_B", "a@x.example"]])
    assert values_of(path)[0][0] == "A\rB"


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8), st.booleans().map(bool))
def test_no_damage_raises_anything_but_a_file_fault(
    tmp_path_factory: pytest.TempPathFactory, place: int, bytes_: bytes, inside: object
) -> None:
    """Damage to the packed bytes, or to the XML of a member that is packed again rightly."""
    folder = tmp_path_factory.mktemp("damage")
    path = workbook_file(folder, [HEADER, ["A", "a@x.example", 12.5], ["B", "=1+1", True]])
    if inside:
        with zipfile.ZipFile(path) as made:
            names = sorted(made.namelist())
            member = names[place % len(names)]
            content = made.read(member)
        at = place % (len(content) + 1)
        edited(path, member, content, content[:at] + bytes_ + content[at + len(bytes_) :])
    else:
        packed = path.read_bytes()
        at = place % len(packed)
        path.write_bytes(packed[:at] + bytes_ + packed[at + len(bytes_) :])
    try:
        for row in open_table(path).rows():
            assert row.values
    except FileFault as fault:
        code = fault.code
        assert code in FileFaultCode
