"""Cells become values: countries, languages, legal forms and days in the words people use."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pytest

from crm.kernel.business import LegalForm
from crm.prospects.reading.cells import day_of
from crm.prospects.reading.faults import CellFaultError, RowFaultCode
from crm.prospects.reading.vocabulary import country_of, language_of, legal_form_in, legal_form_of

COUNTRIES = """
NL: NL, nl, NLD, Nederland, The Netherlands, Niederlande, Pays-Bas, Holland
DE: Duitsland, Germany, Deutschland, Allemagne
BE: België, belgie, Belgique
GB: UK, England, Verenigd Koninkrijk, Vereinigtes Königreich, Royaume-Uni
US: U.S.A., United States
FR: Frankrijk
AT: Österreich
CH: Schweiz
GR: Griechenland
CZ: Tsjechië
IE: Ierland
DK: Danemark
"""
LANGUAGES = """
nl: nl, nl-BE, Dutch, Nederlands, Niederländisch, néerlandais
de: de_AT, allemand
en: English, Englisch
fr: Frans
"""
FORMS = """
legal_person: BV, B.V., besloten vennootschap, GmbH, GmbH & Co. KG, SARL, S.à r.l., Ltd, Ltd., Inc, Stichting
sole_trader: eenmanszaak, ZZP'er, e.K., EI, Einzelunternehmen, auto-entrepreneur, autónomo
partnership: VOF, V.O.F., maatschap, GbR, KG, OHG, partnership
unknown: unknown
"""
SUFFIXES = """
legal_person: Jansen B.V., Müller GmbH, Foto Inc., Licht GmbH & Co. KG
partnership: Smit V.O.F.
sole_trader: Weiß e.K.
unknown: Jansen, BV, Studio EI, Photo As
"""
DAYS = """
2026-11-23: 2026-11-23, 2026/11/23, 2026-11-23 10:15:00, 2026-11-23T10:15:00Z, 23-11-2026, 23.11.2026
2026-11-23: 23/11/2026
2026-11-23: 11/23/2026, 23 november 2026, 23 Nov 2026, maandag. 23 november 2026, 23-11-2026 09:00
2026-04-03: 3.4.2026, 03-04-2026
2026-05-05: 5/5/2026
2026-03-03: 3 mrt 2026, 3. März 2026
2026-08-01: 1er août 2026
"""


def pairs(table: str) -> list[tuple[str, str]]:
    """Each cell of a table beside what it means."""
    lines = [line.partition(": ") for line in table.strip().splitlines()]
    return [(cell, meaning) for meaning, _, cells in lines for cell in cells.split(", ")]


def fault_of(reader: Callable[[str], object], cell: str) -> RowFaultCode:
    with pytest.raises(CellFaultError) as caught:
        reader(cell)
    return caught.value.code


@pytest.mark.parametrize(("cell", "code"), pairs(COUNTRIES))
def test_a_country_is_known_by_code_and_by_its_names(cell: str, code: str) -> None:
    assert country_of(cell) == code


@pytest.mark.parametrize("cell", ["Atlantis", "XX", "EU", "Europe", "12", "NL/DE", "ZZ"])
def test_a_country_that_is_none_is_a_fault(cell: str) -> None:
    assert fault_of(country_of, cell) is RowFaultCode.COUNTRY


@pytest.mark.parametrize(("cell", "code"), pairs(LANGUAGES))
def test_a_language_is_known_by_code_and_by_its_names(cell: str, code: str) -> None:
    assert language_of(cell) == code


@pytest.mark.parametrize(("cell", "form"), pairs(FORMS))
def test_a_legal_form_is_known_by_its_abbreviations(cell: str, form: str) -> None:
    assert legal_form_of(cell) is LegalForm(form)


@pytest.mark.parametrize(("company", "form"), pairs(SUFFIXES))
def test_the_end_of_a_companys_name_tells_its_form_only_where_it_must_stand_by_law(
    company: str, form: str
) -> None:
    assert legal_form_in(company) is LegalForm(form)


@pytest.mark.parametrize(("cell", "day"), [*pairs(DAYS), ("Nov 23, 2026", "2026-11-23")])
def test_a_day_is_read_in_the_notations_of_sheets(cell: str, day: str) -> None:
    assert day_of(cell, day_first=None) == date.fromisoformat(day)


def test_day_and_month_that_cannot_be_told_apart_are_a_fault_until_the_file_says_which() -> None:
    assert fault_of(partial(day_of, day_first=None), "03/04/2026") is RowFaultCode.DATE_UNCLEAR
    assert day_of("03/04/2026", day_first=True) == date(2026, 4, 3)
    assert day_of("03/04/2026", day_first=False) == date(2026, 3, 4)
    assert day_of("03.04.2026", day_first=False) == date(2026, 4, 3)


@pytest.mark.parametrize(
    "cell", ["yesterday", "31-02-2026", "2026-13-01", "Nov 2026", "23-11-26", "45989", "0-0-2026"]
)
def test_what_is_no_day_is_a_fault(cell: str) -> None:
    assert fault_of(partial(day_of, day_first=None), cell) is RowFaultCode.DATE
