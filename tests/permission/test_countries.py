"""The country table against D3, cell by cell, judged by a second reading of the file."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from crm.kernel.business import AddressKind, LegalForm
from crm.permission import countries
from crm.permission.countries import Code, Column, Override
from crm.permission.decide import decide
from crm.permission.facts import Facts, Proof
from crm.permission.findings import Verdict
from crm.permission.reasons import Reason
from crm.permission.terms import OriginRule
from tests.permission.cases import ALLOWED, ASSESSMENT, CONSENT, CUSTOMER, INTEREST, NOW, PUBLISHED, firm

FILE = Path(countries.__file__).with_name("countries.csv")
LINES = {line["cc"]: line for line in csv.DictReader(FILE.read_text("utf-8").splitlines())}
LISTED = [country for country in LINES if country != "*"]
EEA = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"

EVERYWHERE = replace(INTEREST, assessment=replace(ASSESSMENT, scope="*"))
PROOFS = {"consent": CONSENT, "customer": CUSTOMER, "published": PUBLISHED, "interest": EVERYWHERE}
ENOUGH = {
    "C": {"consent", "customer"},
    "U": {"consent", "customer"},
    "P": {"consent", "customer", "published"},
    "P*": {"consent", "customer", "published"},
    "O": {"consent", "customer", "published", "interest"},
    "O1": {"consent", "customer", "published", "interest"},
}
WHO = {
    "named_corporate": (AddressKind.NAMED, LegalForm.LEGAL_PERSON),
    "generic_info": (AddressKind.GENERIC, LegalForm.LEGAL_PERSON),
    "sole_trader": (AddressKind.GENERIC, LegalForm.SOLE_TRADER),
}


def allowed(facts: Facts) -> bool:
    return decide(facts, NOW).allows


def facts_for(country: str, column: str, proof: Proof, rule: OriginRule = OriginRule.STRICT) -> Facts:
    kind, form = WHO[column]
    return replace(firm(country, form, kind), proofs=(proof,), origin_rule=rule)


@pytest.mark.parametrize("country", LISTED)
@pytest.mark.parametrize("column", WHO)
@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("rule", OriginRule)
def test_a_cell_allows_exactly_what_satisfies_its_code(
    country: str, column: str, proof: str, rule: OriginRule
) -> None:
    enough = ENOUGH[LINES[country][column]]
    if rule is OriginRule.STRICT and country in EEA.split():
        enough = enough & ENOUGH[LINES["NL"][column]]
    assert allowed(facts_for(country, column, PROOFS[proof], rule)) == (proof in enough)


@pytest.mark.parametrize("country", LISTED)
@pytest.mark.parametrize("column", WHO)
def test_role_relevance_is_asked_where_the_cell_says_so(country: str, column: str) -> None:
    facts = replace(facts_for(country, column, CONSENT), role_relevant=False)
    asked = LINES[country][column] in {"O1", "P*"}
    assert decide(facts, NOW).has(Reason.ROLE_RELEVANCE_MISSING) == asked


@pytest.mark.parametrize("country", LISTED)
def test_our_street_is_asked_where_the_row_says_so(country: str) -> None:
    facts = replace(
        facts_for(country, "generic_info", CONSENT), sender=replace(ALLOWED.sender, has_street=False)
    )
    assert allowed(facts) == ("P" not in LINES[country]["msg"].split("+"))


LAWFUL = [
    # Who may be written to on what, in the six countries of the demonstration.
    ("NL", "generic_info", "published"),
    ("NL", "named_corporate", "published"),
    ("NL", "sole_trader", "published"),
    ("DE", "generic_info", "consent"),
    ("DE", "named_corporate", "customer"),
    ("FR", "generic_info", "published"),
    ("FR", "named_corporate", "published"),
    ("BE", "generic_info", "published"),
    ("BE", "named_corporate", "consent"),
    ("GB", "generic_info", "interest"),
    ("GB", "named_corporate", "published"),
    ("GB", "sole_trader", "customer"),
    ("US", "generic_info", "interest"),
    ("US", "named_corporate", "published"),
]
UNLAWFUL = [
    ("NL", "generic_info", "interest"),
    ("DE", "generic_info", "published"),
    ("DE", "generic_info", "interest"),
    ("FR", "generic_info", "interest"),
    ("BE", "named_corporate", "published"),
    ("BE", "generic_info", "interest"),
    ("GB", "sole_trader", "interest"),
    ("CH", "generic_info", "published"),
]


@pytest.mark.parametrize(("country", "column", "proof"), LAWFUL)
def test_this_way_is_open(country: str, column: str, proof: str) -> None:
    assert allowed(facts_for(country, column, PROOFS[proof]))


@pytest.mark.parametrize(("country", "column", "proof"), UNLAWFUL)
def test_this_way_is_closed(country: str, column: str, proof: str) -> None:
    assert not allowed(facts_for(country, column, PROOFS[proof]))


@pytest.mark.parametrize("form", [LegalForm.SOLE_TRADER, LegalForm.PARTNERSHIP, LegalForm.UNKNOWN])
@pytest.mark.parametrize("kind", AddressKind)
def test_whoever_is_no_legal_person_is_judged_as_a_sole_trader(form: LegalForm, kind: AddressKind) -> None:
    assert Column.of(kind, form) is Column.SOLE_TRADER


def test_a_desk_of_a_legal_person_is_judged_more_mildly_than_its_people() -> None:
    columns = [Column.of(kind, LegalForm.LEGAL_PERSON) for kind in AddressKind]
    assert columns == [Column.NAMED_CORPORATE, Column.GENERIC_INFO, Column.NAMED_CORPORATE]


@pytest.mark.parametrize("country", ["BR", "XX", "USA", "*"])
def test_consent_opens_no_country_without_a_row(country: str) -> None:
    decision = decide(replace(firm(country), proofs=(CONSENT,)), NOW)
    assert decision.verdict is Verdict.DENY
    assert decision.has(Reason.COUNTRY_NOT_LISTED)


def test_the_owner_opens_a_country_without_a_row() -> None:
    own = Override("BR", Column.GENERIC_INFO, Code.O)
    assert allowed(replace(firm("BR"), overrides=(own,)))


def test_an_opened_country_still_asks_for_our_street() -> None:
    own = Override("BR", Column.GENERIC_INFO, Code.O)
    facts = replace(firm("BR"), overrides=(own,), sender=replace(ALLOWED.sender, has_street=False))
    assert decide(facts, NOW).has(Reason.STREET_MISSING)


def test_the_owner_can_close_a_cell() -> None:
    own = Override("NL", Column.GENERIC_INFO, Code.C)
    assert not allowed(replace(ALLOWED, overrides=(own,)))


def test_an_override_of_our_own_row_holds_for_the_whole_area() -> None:
    own = Override("NL", Column.GENERIC_INFO, Code.C)
    decision = decide(replace(firm("FR"), overrides=(own,)), NOW)
    assert decision.has(Reason.ORIGIN_DENIES)


@pytest.mark.parametrize(
    "own", [Override("DE", Column.GENERIC_INFO, Code.C), Override("NL", Column.SOLE_TRADER, Code.C)]
)
def test_an_override_changes_no_other_cell(own: Override) -> None:
    assert allowed(replace(ALLOWED, overrides=(own,)))


@pytest.mark.parametrize(("written", "meant"), [("uk", "GB"), (" nl ", "NL"), ("EL", "GR")])
def test_usual_spellings_of_a_country_are_understood(written: str, meant: str) -> None:
    assert countries.canonical(written) == meant


@pytest.mark.parametrize("country", LINES)
def test_every_row_says_how_sure_it_is_and_why(country: str) -> None:
    rule = countries.load().rule(country, AddressKind.NAMED, LegalForm.LEGAL_PERSON)
    assert 0 <= rule.confidence <= 1
    assert rule.source


def test_the_area_is_the_thirty_states_of_the_treaty() -> None:
    table = countries.load()
    assert {country for country in table.countries if table.in_eea(country)} == set(EEA.split())


def test_the_regulators_of_three_countries_ruled_on_pixels() -> None:
    table = countries.load()
    assert {country for country in table.countries if table.pixel_ruling(country)} == {"FR", "IT", "DK"}
