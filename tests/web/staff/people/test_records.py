"""One record by hand: what the form does not list stays, and who decided something stays who decided it."""

from html.parser import HTMLParser

import pytest
from sqlalchemy import select, update

from crm.prospects.models import Company, Prospect
from crm.services import Services
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser


class _Fields(HTMLParser):
    """What a browser would send back unchanged."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "select":
            self._select = said.get("name") or ""
        elif tag == "option" and "selected" in said:
            self.found[self._select] = said.get("value") or ""
        elif tag in {"input", "textarea"} and said.get("name"):
            self.found[said["name"] or ""] = said.get("value") or ""


@pytest.fixture
def person(services: Services) -> int:
    person = Outreach(services).person("anna@winkel.example")
    with services.database.transaction() as session:
        session.execute(update(Company).values(country="JP"))
        session.execute(update(Prospect).values(country="JP", language="es"))
    return person


def as_shown(browser: Browser, person: int) -> dict[str, str]:
    reader = _Fields()
    reader.feed(browser.get(f"/prospects/{person}/edit").text)
    return reader.found


def test_saving_an_untouched_form_changes_nothing(admin: Browser, services: Services, person: int) -> None:
    sent = as_shown(admin, person)
    assert admin.post(f"/prospects/{person}/edit", sent).status_code == 303
    with services.database.reading() as session:
        one, firm = session.get_one(Prospect, person), session.scalars(select(Company)).one()
    assert (one.language, one.country, firm.country, firm.relevance_by) == ("es", "JP", "JP", "Sanne")
    assert (one.version, firm.version) == (1, 1)


def test_who_mends_a_name_has_not_decided_that_we_are_relevant(
    admin: Browser, services: Services, person: int
) -> None:
    admin.post(f"/prospects/{person}/edit", {**as_shown(admin, person), "company": "Winkel & Zoon"})
    with services.database.reading() as session:
        firm = session.scalars(select(Company)).one()
    assert (firm.name, firm.relevance_by) == ("Winkel & Zoon", "Sanne")


def test_who_writes_why_we_are_relevant_answers_for_it(
    admin: Browser, services: Services, person: int
) -> None:
    admin.post(f"/prospects/{person}/edit", {**as_shown(admin, person), "relevance": "Sells lamps"})
    with services.database.reading() as session:
        assert session.scalars(select(Company.relevance_by)).one() == "Sanne admin"


def test_a_website_is_kept_as_a_file_would_have_it(admin: Browser, services: Services, person: int) -> None:
    sent = {**as_shown(admin, person), "website": "www.winkel.example/?utm_source=x"}
    assert admin.post(f"/prospects/{person}/edit", sent).status_code == 303
    with services.database.reading() as session:
        assert session.scalars(select(Company.website)).one() == "https://www.winkel.example/"


def test_an_address_is_not_had_since_tomorrow(admin: Browser, services: Services) -> None:
    sent = {
        "address": "b@winkel.example", "company": "Winkel", "source_kind": "fair", "source_words": "Fair",
        "legal_form": "unknown", "obtained_on": "2026-03-03",
    }  # fmt: skip
    assert admin.post("/prospects/new", sent).status_code == 422
    assert admin.post("/prospects/new", {**sent, "obtained_on": "2026-03-02"}).status_code == 303


def test_a_time_zone_that_does_not_exist_is_asked_again(
    admin: Browser, services: Services, person: int
) -> None:
    reply = admin.post(
        f"/prospects/{person}/edit", {**as_shown(admin, person), "time_zone": "Europe/Soesterberg"}
    )
    assert reply.status_code == 422
    assert "no such time zone" in reply.text


def test_of_two_who_save_the_second_is_told_both_values(
    admin: Browser, services: Services, person: int
) -> None:
    mine = as_shown(admin, person)
    admin.post(f"/prospects/{person}/edit", {**mine, "name": "Anna Smit"})
    reply = admin.post(f"/prospects/{person}/edit", {**mine, "name": "Ann Smit"})
    assert reply.status_code == 409
    assert "Anna Smit" in reply.text
    assert "Ann Smit" in reply.text
    with services.database.reading() as session:
        assert session.get_one(Prospect, person).name == "Anna Smit"
