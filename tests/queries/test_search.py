"""What is typed finds what is meant, whatever its accents and capitals."""

import importlib

import pytest
from sqlalchemy import update

from crm.conversations.models import Note, NoteKind
from crm.prospects.models import Company, Prospect
from crm.queries.pages import search
from crm.services import Services
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases

NAMES = ("Noël van Dijk", "Jörg MÜLLER", "Straße & Co", "Œuvre Çelik", "Ĳsbrand Łukasz", "Ann Smit")


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def found(services: Services, words: str) -> list[str]:
    with services.database.reading() as session:
        return [hit.name for hit in search.jump(session, words)]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("noel", NAMES[0]), ("NOËL", NAMES[0]), ("noe\u0308l", NAMES[0]), ("muller", NAMES[1]),
        ("Müller", NAMES[1]), ("jorg", NAMES[1]), ("strasse", NAMES[2]), ("straße", NAMES[2]),
        ("oeuvre", NAMES[3]), ("celik", NAMES[3]), ("ijsbrand", NAMES[4]), ("lukasz", NAMES[4]),
        ("smit", NAMES[5]), ("šmit", NAMES[5]),
    ],
)  # fmt: skip
def test_a_name_is_found_with_and_without_its_accents(
    services: Services, outreach: Outreach, typed: str, name: str
) -> None:
    for one in NAMES:
        outreach.person(name=one)
    assert found(services, typed) == [name]


def test_a_company_and_a_note_too_and_what_is_changed_later(services: Services, outreach: Outreach) -> None:
    who = outreach.person(name="Ann")
    with services.database.transaction() as session:
        person = session.get_one(Prospect, who)
        session.execute(update(Company).where(Company.id == person.company_id).values(name="Café Zürich"))
        call = Note(prospect_id=who, kind=NoteKind.CALL, body="Spreekt über alles", happened_at=outreach.now)
        session.add(call)
    assert found(services, "cafe zurich") == found(services, "uber alles") == ["Ann"]
    with services.database.transaction() as session:
        session.execute(update(Note).values(body="Wil een reünie"))
        session.execute(update(Prospect).values(name="Zoë"))
    assert found(services, "reunie") == found(services, "zoe") == ["Zoë"]
    assert found(services, "uber alles") == []


def test_other_letters_find_themselves(services: Services, outreach: Outreach) -> None:
    outreach.person(name="Дмитрий Ạnh")
    assert found(services, "дмитрий") == found(services, "ạnh") == ["Дмитрий Ạnh"]


def test_the_index_and_the_question_take_the_same_accents_off() -> None:
    migration = importlib.import_module("migrations.versions.0020_search_without_accents")
    assert dict(migration._PAIRS) == {chr(letter): to for letter, to in search._PLAIN.items()}  # noqa: SLF001


@pytest.mark.parametrize("typed", ["bücher.example", "anna@bücher.example", "BÜCHER.example", "xn--bcher"])
def test_a_domain_in_letters_of_its_own_is_found_as_it_is_shown(
    services: Services, outreach: Outreach, typed: str
) -> None:
    outreach.person("anna@xn--bcher-kva.example", name="Anna")
    outreach.person("bas@stoelen.example", name="Bas")
    assert found(services, typed) == ["Anna"]
