"""Headers as real exports and sheets write them, and what a person makes of the guess."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.prospects.reading.columns import DropReason, Target, known
from crm.prospects.reading.faults import FileFault
from crm.prospects.reading.guesses import Confidence
from crm.prospects.reading.mapping import ClashFault, Mapping, guess

EXPORTS = Path(__file__).with_name("exports.txt").read_text("utf-8")


def sections() -> dict[str, list[list[str]]]:
    """Header and meaning of each column, by who made the file."""
    found: dict[str, list[list[str]]] = {}
    for line in EXPORTS.splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = []
        elif line and not line.startswith("#"):
            found[list(found)[-1]].append(line.rsplit(": ", 1))
    return found


MADE_BY = sections()
ALL_HEADERS = [header for columns in MADE_BY.values() for header, _ in columns]


def taken(headers: list[str]) -> dict[str, str]:
    mapping = guess(headers)
    return {target.value: headers[place] for target, place in mapping.chosen.items()}


@pytest.mark.parametrize("made_by", MADE_BY)
def test_exports_and_sheets_are_understood(made_by: str) -> None:
    mapping = guess([header for header, _ in MADE_BY[made_by]])
    assert [[one.header, one.target or f"-{one.dropped}"] for one in mapping.columns] == MADE_BY[made_by]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Phone Number", DropReason.PHONE),
        ("Téléphone portable", DropReason.PHONE),
        ("Mobilnummer", DropReason.PHONE),
        ("Date of birth", DropReason.BIRTHDAY),
        ("Geboortedatum contact", DropReason.BIRTHDAY),
        ("Person Linkedin Url", DropReason.SOCIAL),
        ("Email (home)", DropReason.PRIVATE_ADDRESS),
        ("Adresse", DropReason.POSTAL),
        ("Aanhef", DropReason.PERSON),
        ("IBAN", DropReason.IDENTITY_NUMBER),
        ("Favourite colour", DropReason.UNKNOWN),
        ("Import line", DropReason.OURS),
        ("Import reason", DropReason.OURS),
    ],
)
def test_a_column_we_do_not_keep_is_named_with_its_reason(header: str, reason: DropReason) -> None:
    column = guess(["email", header]).dropped[0]
    assert (column.header, column.dropped) == (header, reason)
    assert reason.words


def test_spelling_blanks_and_accents_do_not_matter() -> None:
    for header in ("e-mailadres", "E-MAIL ADRES", "Email_Adres", " e mail - adres ", "\u00c9-mailadr\u00e8s"):
        assert taken([header]) == {"address": header}


def test_of_two_address_columns_the_first_is_used_and_the_other_named() -> None:
    mapping = guess(["Email", "Work Email"])
    assert mapping.chosen == {Target.ADDRESS: 0}
    assert mapping.dropped[0].dropped is DropReason.SECOND


def test_a_name_stands_for_the_company_when_the_person_has_two_of_their_own() -> None:
    assert taken(["Name", "Vorname", "Nachname", "E-Mail"])["company"] == "Name"
    assert taken(["Name", "Firma", "E-Mail"])["name"] == "Name"
    assert taken(["Naam", "E-mail"])["name"] == "Naam"


def test_confidence_says_where_a_person_should_look() -> None:
    mapping = guess(["Email", "Bedrijfsnaam (verplicht)", "Het mailadres van de inkoper"])
    assert [column.confidence for column in mapping.columns] == [Confidence.SURE, Confidence.LIKELY, None]
    assert guess(["Het mailadres van de inkoper"]).columns[0].confidence is Confidence.GUESS


def test_without_addresses_nothing_can_be_imported() -> None:
    assert not guess(["company", "phone"]).is_usable
    assert guess(["company", "email"]).is_usable


def test_a_correction_takes_the_field_from_the_column_that_had_it() -> None:
    mapping = guess(["Email", "Work Email"]).corrected({1: Target.ADDRESS})
    assert mapping.chosen == {Target.ADDRESS: 1}
    assert mapping.columns[1].confidence is Confidence.CHOSEN
    assert mapping.columns[0].dropped is DropReason.SECOND


def test_every_column_that_says_no_is_heard() -> None:
    names = ["Email", "Unsubscribed from all email", "Opted out of email: One to One", "Afgemeld"]
    mapping = guess(names)
    assert mapping.noes == (1, 2, 3)
    assert mapping.corrected({3: None, 1: Target.OPTED_OUT}).noes == (1, 2)
    assert Mapping.from_json(mapping.to_json()) == mapping


def test_a_column_that_tells_of_a_no_is_never_taken_for_an_address() -> None:
    for header in (
        "Von allen E-Mails abgemeldet",
        "Email opt-out",
        "E-Mail-Abmeldung",
        "Désinscrit des e-mails",
    ):
        assert guess([header]).columns[0].target is Target.OPTED_OUT, header


def test_a_correction_can_drop_a_column() -> None:
    mapping = guess(["Email", "Position"]).corrected({1: None})
    assert mapping.chosen == {Target.ADDRESS: 0}
    assert mapping.columns[1].dropped is DropReason.CHOSEN


def test_two_columns_can_change_places() -> None:
    mapping = guess(["First name", "Last name", "Email"])
    turned = mapping.corrected({0: Target.LAST_NAME, 1: Target.FIRST_NAME})
    assert turned.chosen == {Target.LAST_NAME: 0, Target.FIRST_NAME: 1, Target.ADDRESS: 2}


@pytest.mark.parametrize("wrong", [{0: Target.COMPANY, 1: Target.COMPANY}, {7: Target.COMPANY}, {-1: None}])
def test_a_correction_that_means_nothing_is_refused(wrong: dict[int, Target | None]) -> None:
    with pytest.raises(FileFault):
        guess(["Email", "Company"]).corrected(wrong)


def test_two_columns_for_one_field_are_told_by_number_with_the_field() -> None:
    with pytest.raises(ClashFault, match="Columns 1 and 3 cannot both be the first name") as clash:
        guess(["Anna de Boer", "Email", "Bas Bakker"]).corrected({0: Target.FIRST_NAME, 2: Target.FIRST_NAME})
    assert "Anna" not in str(clash.value), "where there is no header the first line is somebody"


headers = st.lists(st.sampled_from([*ALL_HEADERS, "", "email", "Email"]) | st.text(max_size=20), max_size=30)


@given(headers)
def test_any_headers_give_a_mapping_that_survives_json(names: list[str]) -> None:
    mapping = guess(names)
    assert Mapping.from_json(json.loads(json.dumps(mapping.to_json()))) == mapping
    assert mapping.fits(names)


@given(headers, st.dictionaries(st.integers(-2, 31), st.none() | st.sampled_from(list(Target)), max_size=5))
def test_a_corrected_mapping_fills_no_field_twice(names: list[str], wanted: dict[int, Target | None]) -> None:
    try:
        mapping = guess(names).corrected(wanted)
    except FileFault:
        return
    targets = [one.target for one in mapping.columns if one.target not in {None, Target.OPTED_OUT}]
    assert len(targets) == len(set(targets))
    assert Mapping.from_json(mapping.to_json()) == mapping


def test_a_mapping_for_other_headers_does_not_fit() -> None:
    assert not guess(["Email"]).fits(["Company"])


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"columns": 1},
        {"columns": [{}]},
        {"columns": [{"header": "a", "target": "shoe size", "confidence": None, "dropped": None}]},
        {"columns": [{"header": "a", "target": None, "confidence": None, "dropped": None}]},
        {"columns": [{"header": "a", "target": "company", "confidence": "sure", "dropped": None}] * 2},
    ],
)
def test_a_mapping_that_cannot_be_read_is_a_fault(found: dict[str, object]) -> None:
    with pytest.raises(FileFault):
        Mapping.from_json(found)


def test_no_name_is_both_kept_and_dropped() -> None:
    assert not set(known().columns) & set(known().dropped)
