"""Rows become prospects with source and basis, or every fault they have, in words and with its column."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.prospects.models import SourceKind
from crm.prospects.reading.columns import Target
from crm.prospects.reading.faults import RowFault, RowFaultCode
from crm.prospects.reading.guesses import Confidence
from crm.prospects.reading.mapping import Column, Mapping, guess
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.rows import RowReader, read_row
from crm.prospects.reading.text_file import FORMULA_MARK
from crm.prospects.reading.vocabulary import DeclaredBasis

ADDRESS = "inkoop@jansen.example"
NO_DEFAULTS = Defaults()


def read(defaults: Defaults = NO_DEFAULTS, **cells: str) -> ParsedRow | RowFault:
    columns = tuple(Column(name, Target(name), Confidence.SURE) for name in cells)
    return read_row(list(cells.values()), Mapping(columns), defaults)


def parsed(defaults: Defaults = NO_DEFAULTS, **cells: str) -> ParsedRow:
    row = read(defaults, **({"address": ADDRESS} | cells))
    assert isinstance(row, ParsedRow), row
    return row


def fault(defaults: Defaults = NO_DEFAULTS, **cells: str) -> RowFault:
    row = read(defaults, **({"address": ADDRESS} | cells))
    assert isinstance(row, RowFault), row
    return row


def test_a_full_row_is_understood() -> None:
    row = parsed(
        company="Foto Jansen B.V.",
        website="www.jansen.example/shop?utm_source=x#top",
        country="Nederland",
        language="Dutch",
        time_zone="europe/amsterdam",
        relevance="Sells lamps; photos on white",
        first_name="Ann",
        last_name="Smit",
        role="Inkoper",
        source_kind="website",
        source_url="https://jansen.example/contact?x=1",
        obtained_on="23-11-2026",
        basis="published",
        basis_url="https://jansen.example/contact",
        basis_wording="Aanbiedingen naar dit adres",
        confirmed_by="Els",
    )
    assert row == ParsedRow(
        address=EmailAddress("inkoop", "jansen.example"),
        company="Foto Jansen B.V.",
        website="https://www.jansen.example/shop",
        country="NL",
        language="nl",
        time_zone="Europe/Amsterdam",
        legal_form=LegalForm.LEGAL_PERSON,
        relevance="Sells lamps; photos on white",
        name="Ann Smit",
        role="Inkoper",
        source_kind=SourceKind.WEBSITE,
        source_url="https://jansen.example/contact?x=1",
        source_words="",
        obtained_on=date(2026, 11, 23),
        basis=DeclaredBasis.PUBLISHED_ADDRESS,
        basis_url="https://jansen.example/contact",
        basis_wording="Aanbiedingen naar dit adres",
        confirmed_by="Els",
        opted_out=False,
    )


def test_an_empty_cell_takes_the_files_default() -> None:
    defaults = Defaults(country="BE", source_kind=SourceKind.FAIR, relevance="Met at the fair")
    row = parsed(defaults, country="", company="Studio", relevance="-")
    assert (row.country, row.source_kind, row.relevance) == ("BE", SourceKind.FAIR, "Met at the fair")


def test_a_cell_wins_over_the_default() -> None:
    assert parsed(Defaults(country="BE"), country="Deutschland").country == "DE"


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("Ann\r\nBcc: x@y.example", "Ann Bcc: x@y.example"),
        ("Ann\0 Smit", "Ann Smit"),
        ("Ann\u2028Smit", "Ann Smit"),
        ("Smit,  Ann", "Smit, Ann"),
        ("A\u202enn", "Ann"),
        ("\ufeffAnn", "Ann"),
        ("Zoe\u0308", "Zoë"),
        ("'=Ann", "=Ann"),
        ("O'Neil", "O'Neil"),
        ("'t Hart", "'t Hart"),
    ],
)
def test_names_come_on_one_line_without_what_nobody_typed(cell: str, name: str) -> None:
    assert parsed(name=cell).name == name


@pytest.mark.parametrize(
    "cell",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://x.example",
        "http://",
        "not a site",
        "https://a@x.example",
        "http://localhost",
        "http://192.0.2.1",
        "https://x.example\u2028y",
        "http://[::1",
        "x" * 501,
        "http://x.example:0/",
    ],
)
def test_what_is_no_page_is_a_fault(cell: str) -> None:
    assert fault(website=cell).code is RowFaultCode.LINK


def test_a_day_ahead_is_a_fault_of_its_column() -> None:
    found = fault(Defaults(today=date(2026, 11, 23)), obtained_on="2026-11-24")
    assert (found.code, found.column) == (RowFaultCode.DATE_AHEAD, "obtained_on")
    known = parsed(Defaults(today=date(2026, 11, 23)), obtained_on="2026-11-23")
    assert known.obtained_on == date(2026, 11, 23)


@pytest.mark.parametrize("cell", ["gekochte lijst", "Purchased", "apollo.io", "ZoomInfo"])
def test_a_bought_list_is_refused(cell: str) -> None:
    assert fault(source_kind=cell).code is RowFaultCode.PURCHASED


def test_a_source_in_words_of_its_own_keeps_the_files_kind() -> None:
    row = parsed(Defaults(source_kind=SourceKind.FAIR), source_kind="Stand 12, hall B")
    assert (row.source_kind, row.source_words) == (SourceKind.FAIR, "Stand 12, hall B")


@pytest.mark.parametrize(
    ("target", "cell", "code"),
    [
        ("language", "Klingon!", RowFaultCode.LANGUAGE),
        ("time_zone", "Mars/Olympus", RowFaultCode.TIME_ZONE),
        ("legal_form", "club", RowFaultCode.LEGAL_FORM),
        ("basis", "because", RowFaultCode.BASIS),
        ("opted_out", "perhaps", RowFaultCode.OPT_OUT_UNCLEAR),
        ("company", "x" * 201, RowFaultCode.TOO_LONG),
        ("relevance", "=#REF!", None),
        ("role", "#REF!", RowFaultCode.FORMULA),
        ("role", FORMULA_MARK, RowFaultCode.FORMULA),
    ],
)
def test_a_cell_that_means_nothing_is_a_fault_that_names_its_column(
    target: str, cell: str, code: RowFaultCode | None
) -> None:
    row = read(NO_DEFAULTS, **{"address": ADDRESS, target: cell})
    found = (row.code, row.column) if isinstance(row, RowFault) else None
    assert found == (None if code is None else (code, target))


@pytest.mark.parametrize("says", [True, False])
def test_an_opt_out_of_another_program_is_heard(says: object) -> None:
    words = ("Yes", "ja", "TRUE", "Do not contact") if says else ("no", "", "nein", "Subscribed")
    assert {parsed(opted_out=word).opted_out for word in words} == {says}


def test_a_row_without_company_is_named_after_its_domain() -> None:
    assert parsed(address="ann@shop.jansen.example").company == "jansen.example"


def test_a_private_mailbox_does_not_tell_the_company() -> None:
    assert fault(address="ann@gmail.com").code is RowFaultCode.NO_COMPANY
    assert parsed(address="ann@gmail.com", company="Studio Ann").company == "Studio Ann"


def test_the_name_beside_an_address_is_used_when_there_is_no_other() -> None:
    assert parsed(address="Jan <jan@x.example>").name == "Jan"
    assert parsed(address="Jan <jan@x.example>", first_name="Johan", last_name="").name == "Johan"


def test_a_row_without_address_is_the_whole_rows_fault() -> None:
    found = fault(address=" ", company="Studio")
    assert (found.code, found.column) == (RowFaultCode.NO_ADDRESS, "")


def test_all_faults_of_a_row_are_told_at_once() -> None:
    found = fault(address="jan", country="Atlantis", website="nope")
    assert [one.code for one in (found, *found.more)] == [
        RowFaultCode.BAD_ADDRESS, RowFaultCode.COUNTRY, RowFaultCode.LINK,
    ]  # fmt: skip
    assert all(f"{column}: " in found.reason for column in ("address", "country", "website"))


def test_a_reason_never_repeats_the_cell() -> None:
    found = fault(address="secret person", country="secretland", website="secret site")
    assert "secret" not in found.reason


def test_more_cells_than_headers_are_a_fault_and_fewer_are_not() -> None:
    reader = RowReader(guess(["email", "company", "country"]), NO_DEFAULTS)
    assert isinstance(reader.read([ADDRESS, "Studio"]), ParsedRow)
    assert isinstance(reader.read([ADDRESS, "Studio", "NL", "", " "]), ParsedRow)
    ragged = reader.read([ADDRESS, "Studio", "NL", "x"])
    assert isinstance(ragged, RowFault)
    assert ragged.code is RowFaultCode.TOO_MANY_CELLS


def test_one_reader_forgets_the_row_before() -> None:
    reader = RowReader(guess(["email", "company", "country"]), NO_DEFAULTS)
    reader.read([ADDRESS, "Studio", "NL"])
    row = reader.read(["b@y.example", "", ""])
    assert isinstance(row, ParsedRow)
    assert (row.company, row.country) == ("y.example", "")


cells = st.text(max_size=40) | st.sampled_from(
    [ADDRESS, "NL", "-", "=1", "'=1", "2026-11-23", "https://x.example", "\0"]
)


@given(st.dictionaries(st.sampled_from([target.value for target in Target]), cells, min_size=1))
def test_any_row_is_understood_or_told_why_not(row: dict[str, Any]) -> None:
    found = read(**row)
    if isinstance(found, ParsedRow):
        shown = [value for value in found if isinstance(value, str) and type(value) is str]
        assert all(text == text.strip() and text.isprintable() for text in shown)
    else:
        assert found.words
