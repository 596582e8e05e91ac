"""Text files as people save them become headers and rows, or a fault that says what to do."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.table import MOST_COLUMNS, Row, Table, open_table
from tests.prospects.sheets import DIALECTS, csv_file, raw_file, text_of

HEADER = ["Bedrijf", "E-mailadres", "Land"]
ROWS = [
    ["Jansen, Foto & Co", "inkoop@jansen.example", "Nederland"],
    ["Müller; Söhne", "einkauf@mueller.example", "Österreich"],
    ['Chez "Zoé"', "achats@zoe.example", "Émirats\r\narabes"],
]


def values_of(table: Table) -> list[list[str]]:
    return [row.values for row in table.rows()]


def outcome_of(path: Path) -> str:
    """Words or rows; anything else that is raised fails the test."""
    try:
        return f"{len(values_of(open_table(path)))} rows"
    except FileFault as fault:
        return fault.words


@pytest.mark.parametrize(("encoding", "separator", "newline"), DIALECTS)
def test_every_way_of_saving_gives_the_same_rows(
    tmp_path: Path, encoding: str, separator: str, newline: str
) -> None:
    cells = [HEADER, *[[cell.replace("\r\n", newline) for cell in row] for row in ROWS]]
    table = open_table(csv_file(tmp_path, cells, encoding=encoding, separator=separator, newline=newline))
    assert table.headers == tuple(HEADER)
    assert values_of(table) == cells[1:]


@pytest.mark.parametrize(("encoding", "separator", "newline"), DIALECTS)
def test_quoting_everything_changes_nothing(
    tmp_path: Path, encoding: str, separator: str, newline: str
) -> None:
    path = csv_file(
        tmp_path,
        [HEADER, *ROWS],
        encoding=encoding,
        separator=separator,
        newline=newline,
        quote_all=True,
    )
    assert values_of(open_table(path)) == ROWS


def test_the_reading_is_described(tmp_path: Path) -> None:
    path = csv_file(tmp_path, [HEADER, *ROWS], encoding="cp1252", separator=";")
    assert open_table(path).described == "Windows-1252, separated by semicolons"


def test_rows_say_on_which_line_they_begin(tmp_path: Path) -> None:
    path = raw_file(tmp_path, b'name,email\n"two\nlines",a@x.example\n\n,\nlast,b@x.example\n')
    assert [row[:2] for row in open_table(path).rows()] == [(1, 2), (2, 6)]


def test_reading_goes_on_after_any_row(tmp_path: Path) -> None:
    table = open_table(csv_file(tmp_path, [HEADER, *ROWS]))
    assert list(table.rows(after=2)) == list(table.rows())[2:]


def test_rows_can_be_read_again(tmp_path: Path) -> None:
    table = open_table(csv_file(tmp_path, [HEADER, *ROWS]))
    assert list(table.rows()) == list(table.rows())


def test_excels_own_note_names_the_separator(tmp_path: Path) -> None:
    path = raw_file(tmp_path, "\ufeffsep=;\r\nname;email\r\nA, B;a@x.example\r\n".encode())
    table = open_table(path)
    assert table.headers == ("name", "email")
    assert list(table.rows()) == [Row(1, 3, ["A, B", "a@x.example"])]


def test_notes_above_the_header_are_left_out_and_named(tmp_path: Path) -> None:
    note = b'Notes:\n"When exporting, some addresses, may be missing"\n\n'
    table = open_table(
        raw_file(tmp_path, note + b"First Name,Last Name,Email Address\nJan,Smit,j@x.example\n")
    )
    assert table.headers == ("First Name", "Last Name", "Email Address")
    assert table.notes == ("3 lines above the header are left out.",)
    assert [row.line for row in table.rows()] == [5]


def test_a_list_of_addresses_alone_is_a_table(tmp_path: Path) -> None:
    table = open_table(raw_file(tmp_path, b"email\na@x.example\nb@x.example\n"))
    assert values_of(table) == [["a@x.example"], ["b@x.example"]]


def test_commas_in_a_text_do_not_hide_the_semicolons(tmp_path: Path) -> None:
    lines = ["Bedrijf;Waarom"] + [
        f"Winkel {n};foto's, veel, en {'mooie, ' * (n % 3)}schoenen" for n in range(30)
    ]
    table = open_table(raw_file(tmp_path, "\n".join(lines).encode()))
    assert table.headers == ("Bedrijf", "Waarom")
    assert all(len(values) == 2 for values in values_of(table))


def test_empty_headers_have_a_number_and_those_at_the_end_are_gone(tmp_path: Path) -> None:
    table = open_table(raw_file(tmp_path, b"email,,company,,\na@x.example,1,B,,\n"))
    assert table.headers == ("email", "Column 2", "company")


def test_ragged_rows_come_as_they_are(tmp_path: Path) -> None:
    path = raw_file(tmp_path, b"a,b,c\n1\n1,2,3,4\n1,2,3\n")
    assert [len(values) for values in values_of(open_table(path))] == [1, 4, 3]


def test_an_accent_far_down_is_read_right(tmp_path: Path) -> None:
    rows = [["Winkel", f"a{n}@x.example"] for n in range(40_000)] + [["Café Zoë", "z@x.example"]]
    path = csv_file(tmp_path, [["company", "email"], *rows], encoding="cp1252")
    assert values_of(open_table(path))[-1][0] == "Café Zoë"


def test_a_stray_quotation_mark_inside_a_line_is_read_as_spreadsheets_do(tmp_path: Path) -> None:
    path = raw_file(
        tmp_path, b'company,email,country\n"Studio" Jansen,a@x.example,NL\n5" Lens,b@x.example,NL\n'
    )
    assert values_of(open_table(path)) == [
        ["Studio Jansen", "a@x.example", "NL"],
        ['5" Lens', "b@x.example", "NL"],
    ]


def test_nul_bytes_do_not_stop_the_reading(tmp_path: Path) -> None:
    path = raw_file(tmp_path, b"company,email\nA" + b"x" * 200 + b"\0B,a@x.example\n")
    assert values_of(open_table(path))[0][1] == "a@x.example"


def test_as_many_columns_as_allowed_are_taken(tmp_path: Path) -> None:
    cells = [[f"c{n}" for n in range(MOST_COLUMNS)], ["x"] * MOST_COLUMNS]
    assert len(open_table(csv_file(tmp_path, cells)).headers) == MOST_COLUMNS


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.just("\n"), max_size=12)
latin = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]) | st.just("\n"), max_size=12)


@settings(deadline=None)
@given(st.data(), st.sampled_from(DIALECTS))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, dialect: tuple[str, str, str]
) -> None:
    encoding, separator, newline = dialect
    kind = latin if encoding in {"cp1252", "utf-16-le", "utf-16-be"} else cells
    texts = kind.map(lambda text: text.replace("\n", newline))
    rows = data.draw(st.lists(st.lists(texts, min_size=3, max_size=3), min_size=1, max_size=8))
    written = [["company", "email", "country", "né"], *[["k", *row] for row in rows]]
    path = csv_file(
        tmp_path_factory.mktemp("table"), written, encoding=encoding, separator=separator, newline=newline,
        quote_all=True,
    )  # fmt: skip
    table = open_table(path)
    assert [list(table.headers), *values_of(table)] == written


@given(
    st.binary(max_size=400)
    | st.text(max_size=300).map(lambda text: text_of([["a", "b"], [text, text]]).encode())
)
def test_no_bytes_raise_anything_but_a_file_fault(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = raw_file(tmp_path_factory.mktemp("bytes"), content)
    assert outcome_of(path)


@given(
    st.lists(
        st.sampled_from(['"', ",", ";", "\n", "\r\n", "a", "é", "\t", "\0", '""', "x@y.example", "\u2028"]),
        max_size=60,
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]),
)
def test_no_order_of_quotes_and_separators_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], encoding: str
) -> None:
    content = ("email,name,country\n" + "".join(parts)).encode(encoding, errors="replace")
    path = raw_file(tmp_path_factory.mktemp("marks"), content)
    assert outcome_of(path)
