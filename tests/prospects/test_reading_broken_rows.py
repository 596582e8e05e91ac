"""The file of broken rows: safe to open, and mended it can be imported again."""

import csv
import stat
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from crm.prospects.reading.broken_rows import BrokenRows, protected
from crm.prospects.reading.cells import cleaned
from crm.prospects.reading.faults import RowFault, RowFaultCode
from crm.prospects.reading.mapping import guess
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.rows import RowReader
from crm.prospects.reading.table import Row, Table, open_table
from crm.prospects.reading.text_file import FORMULA_MARK
from tests.prospects.sheets import csv_file

HEADERS = ("company", "email", "country")
FAULT = RowFault(RowFaultCode.BAD_ADDRESS, "This is not an e-mail address.", "email")


def cells_of(path: Path, separator: str = ";") -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def broken_of(table: Table, path: Path) -> int:
    """Write the rows of a file that are not understood; return how many are."""
    reader, good = RowReader(guess(table.headers), Defaults()), 0
    with BrokenRows(path, table.headers, separator=table.separator) as broken:
        for row in table.rows():
            found = reader.read(row.values)
            if isinstance(found, ParsedRow):
                good += 1
            else:
                broken.add(row, found)
    return good


def test_a_row_is_written_with_its_line_and_reason(tmp_path: Path) -> None:
    with BrokenRows(tmp_path / "broken.csv", HEADERS) as broken:
        broken.add(Row(1, 7, ["Studio", "jan", "NL"]), FAULT)
    assert cells_of(tmp_path / "broken.csv") == [
        ["company", "email", "country", "Import line", "Import reason"],
        ["Studio", "jan", "NL", "7", "email: This is not an e-mail address."],
    ]


def test_mended_rows_can_be_imported_again(tmp_path: Path) -> None:
    rows = [["Studio", "jan", "NL"], ["Licht", "b@y.example", "Atlantis"], ["Glas", "c@z.example", "NL"]]
    first = open_table(csv_file(tmp_path, [HEADERS, *rows], separator=";"))
    assert broken_of(first, tmp_path / "broken.csv") == 1
    text = (tmp_path / "broken.csv").read_text("utf-8-sig")
    mended = tmp_path / "mended.csv"
    mended.write_text(text.replace('"jan"', '"jan@x.example"').replace("Atlantis", "Belgium"), "utf-8")
    again = open_table(mended)
    assert broken_of(again, tmp_path / "left.csv") == 2
    assert guess(again.headers).chosen.keys() == guess(HEADERS).chosen.keys()


def test_line_and_reason_do_not_pile_up(tmp_path: Path) -> None:
    table = open_table(csv_file(tmp_path, [HEADERS, ["Studio", "jan", "NL"]]))
    broken_of(table, tmp_path / "once.csv")
    broken_of(open_table(tmp_path / "once.csv"), tmp_path / "twice.csv")
    assert cells_of(tmp_path / "twice.csv", ",")[0] == [*HEADERS, "Import line", "Import reason"]


def test_no_cell_starts_a_formula(tmp_path: Path) -> None:
    hostile = ["=cmd|'/C calc'!A0", "+1", "-1", "@x", "\tx", "\rx", "\uff1d1", "'=1"]
    with BrokenRows(tmp_path / "broken.csv", hostile) as broken:
        broken.add(Row(1, 2, hostile), FAULT)
    written = [cell for line in cells_of(tmp_path / "broken.csv") for cell in line]
    assert not [cell for cell in written if cell[:1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20" and cell]


@given(st.text(max_size=8) | st.from_regex(r"\A'{0,3}[=+@\-\t\r]['=a]{0,3}\Z"))
def test_a_protected_cell_says_what_the_cell_said(text: str) -> None:
    assume(not text.startswith("#") and FORMULA_MARK not in text)
    assert cleaned(protected(text)) == cleaned(text)


def test_a_formula_without_a_value_is_left_empty_to_be_filled_in(tmp_path: Path) -> None:
    with BrokenRows(tmp_path / "broken.csv", HEADERS) as broken:
        broken.add(Row(1, 2, ["Studio", FORMULA_MARK, "NL"]), FAULT)
    assert cells_of(tmp_path / "broken.csv")[1][:3] == ["Studio", "", "NL"]


def test_short_and_long_rows_keep_their_columns(tmp_path: Path) -> None:
    with BrokenRows(tmp_path / "broken.csv", HEADERS) as broken:
        broken.add(Row(1, 2, ["Studio"]), FAULT)
        broken.add(Row(2, 3, ["Studio", "a", "NL", "more"]), FAULT)
    assert [len(line) for line in cells_of(tmp_path / "broken.csv")] == [5, 5, 5]


def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    BrokenRows(tmp_path / "broken.csv", HEADERS).close()
    assert stat.S_IMODE((tmp_path / "broken.csv").stat().st_mode) == 0o600


def test_an_interrupted_import_goes_on_where_its_last_commit_was(tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    broken = BrokenRows(path, HEADERS)
    broken.add(Row(1, 2, ["Ä", "a", "NL"]), FAULT)
    offset = broken.offset
    broken.add(Row(2, 3, ["Lost", "b", "NL"]), FAULT)
    broken.close()
    with BrokenRows(path, HEADERS, resume_at=offset) as again:
        again.add(Row(2, 3, ["B", "b", "NL"]), FAULT)
        assert again.offset == path.stat().st_size
    assert [line[0] for line in cells_of(path)] == ["company", "Ä", "B"]
