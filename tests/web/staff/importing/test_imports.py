"""The import page: what holds for the whole file is said there, and nothing typed is lost."""

import io
import re
from html import unescape

import pytest
from sqlalchemy import select

from crm.prospects import imports
from crm.prospects.import_models import Import, ImportState, RowOutcome
from crm.prospects.models import Company, Prospect
from crm.services import Services
from crm.workflows.people.import_prospects import run_imports
from tests.imports import sheet
from tests.web.staff.conftest import BASE, Browser

FORM = {
    "act": "start", "source_kind": "fair", "source_words": "Webwinkel Vakdagen", "obtained_on": "2026-02-27",
    "relevance": "sells shoes online",
}  # fmt: skip


def upload(browser: Browser, content: bytes, name: str = "leads.csv") -> str:
    data = {"csrf_token": browser.token, "file": (io.BytesIO(content), name)}
    return browser.client.post("/imports", base_url=BASE, data=data).headers["Location"]


def test_a_file_without_countries_gets_one_and_its_dates_an_order(admin: Browser, services: Services) -> None:
    page = upload(admin, sheet("ann@winkel.example;Winkel;03/02/2026", headers="Email;Company;Connected On"))
    assert (
        admin.post(page, {**FORM, "country": "BE", "language": "fr", "day_first": "day"}).status_code == 303
    )
    [ended] = run_imports(services.intake)
    assert sum(ended.counts.values()) == 1
    assert RowOutcome.BROKEN not in ended.counts
    with services.database.reading() as session:
        firm = session.scalars(select(Company)).one()
    assert (firm.country, firm.language) == ("BE", "fr")


def test_a_country_that_is_none_is_not_made_of_its_first_letters(admin: Browser, services: Services) -> None:
    page = upload(admin, sheet("ann@winkel.example;Winkel", headers="Email;Company"))
    admin.post(page, {**FORM, "country": "Nederland"})  # NE is Niger
    run_imports(services.intake)
    with services.database.reading() as session:
        assert session.scalars(select(Company.country)).one() == ""


def test_two_columns_for_one_field_are_named_and_the_other_choices_stay(admin: Browser) -> None:
    headers = "Email;Work Email;Company;Firma;Chef"
    page = upload(admin, sheet("ann@winkel.example;bo@winkel.example;Winkel;W;Ann", headers=headers))
    columns = {"column-0": "address", "column-1": "address", "column-2": "company", "column-3": "-"}
    reply = admin.post(page, {**FORM, **columns, "column-4": "name"})
    assert reply.status_code == 422
    text = unescape(reply.text)
    assert "“Email” and “Work Email” cannot both be “Email address”." in text
    chosen = text.partition('id="column-4"')[2].partition("</select>")[0]
    assert 'value="name" selected' in chosen


def test_the_list_says_what_became_of_every_row(admin: Browser, services: Services) -> None:
    rows = ("ann@winkel.example;A;Winkel;NL;", "ann@winkel.example;A;Winkel;NL;", "none;B;Winkel;NL;")
    page = upload(admin, sheet(*rows, "cor@stoelen.example;C;Stoelen;BE;"))
    admin.post(page, FORM)
    [ended] = run_imports(services.intake)
    assert sum(ended.counts.values()) == 4
    line = admin.get("/imports").text.partition('id="earlier"')[2]
    told = re.search(r"4 rows: ([^<]*)</small>", line)
    assert told is not None
    assert sum(int(number) for number in re.findall(r"\d+", told[1])) == 4
    assert "1 twice in the file" in told[1]
    assert "1 broken" in told[1]


def test_an_import_that_waits_for_another_says_for_which(admin: Browser, services: Services) -> None:
    first, second = (
        upload(admin, sheet("ann@winkel.example;A;Winkel;NL;"), f"{name}.csv") for name in ("fair", "shops")
    )
    for page in (first, second):
        admin.post(page, FORM)
    with services.database.transaction() as session:
        row = session.scalars(select(Import).order_by(Import.id)).first()
        assert row is not None
        imports.claim(session, row.id, claim_id="worker", real_now=services.clocks.real())
        row.position, row.total = 25_000, 60_000
    waits = "Waits for “fair.csv”, which is at 25,000 of 60,000 rows"
    assert waits in admin.get(second).text
    assert waits in admin.get("/imports").text
    assert "Waits for" not in admin.get(first).text


@pytest.mark.parametrize("field", ["source_url", "basis_url"])
def test_a_page_that_is_none_is_said_and_nothing_typed_is_lost(
    admin: Browser, services: Services, field: str
) -> None:
    page = upload(admin, sheet("ann@winkel.example;Winkel", headers="Email;Company"))
    reply = admin.post(page, {**FORM, field: "javascript:alert(1)"})
    assert reply.status_code == 422
    assert "not the address of a web page" in reply.text
    assert "Webwinkel Vakdagen" in reply.text
    with services.database.reading() as session:
        assert session.scalars(select(Import.state)).one() is ImportState.UPLOADED
        assert session.scalars(select(Prospect.id)).all() == []


def test_columns_that_are_not_kept_are_named_in_the_preview_and_in_the_result(
    admin: Browser, services: Services
) -> None:
    headers = "Email;Company;Phone;LinkedIn;Birthday;Tags;Shoe size"
    page = upload(admin, sheet("ann@winkel.example;Winkel;06;x;1;y;42", headers=headers))
    asked = admin.get(page).text
    admin.post(page, FORM)
    run_imports(services.intake)
    result = admin.get(page).text
    for name in ("Phone", "LinkedIn", "Birthday", "Tags", "Shoe size"):
        assert name in asked, name
        assert name in result, name


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04junk",
        b"\x00" * 100,
        b'Email\n"open;',
        b",".join(b"c%d" % n for n in range(10_000)) + b"\n1",
    ],
)
def test_a_file_that_is_none_is_said_to_be_none(admin: Browser, services: Services, content: bytes) -> None:
    data = {"csrf_token": admin.token, "file": (io.BytesIO(content), "../../leads.csv")}
    reply = admin.client.post("/imports", base_url=BASE, data=data)
    assert reply.status_code == 422
    assert list(services.intake.uploads.iterdir()) == []
