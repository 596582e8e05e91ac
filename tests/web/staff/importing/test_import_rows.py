"""Every row of a file is shown with what would become of it, page by page, and by outcome."""

import io
import re

import pytest
from sqlalchemy import select

from crm.prospects import uploads
from crm.prospects.import_models import Import
from crm.prospects.models import Prospect
from crm.services import Services
from crm.web.staff.importing import import_rows
from crm.workflows.people.import_prospects import run_imports
from tests.imports import sheet
from tests.web.staff.conftest import BASE, Browser

FORM = {
    "source_kind": "fair", "source_words": "Webwinkel Vakdagen", "obtained_on": "2026-02-27",
    "relevance": "sells shoes online",
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_rows, "PAGE", 7)
    monkeypatch.setattr(import_rows, "AT_ONCE", 10)


def upload(browser: Browser, *lines: str) -> str:
    data = {"csrf_token": browser.token, "file": (io.BytesIO(sheet(*lines)), "leads.csv")}
    return browser.client.post("/imports", base_url=BASE, data=data).headers["Location"]


def file() -> list[str]:
    """Twenty-five rows: the 13th and 22nd are broken, the 24th says again what the 2nd said."""
    rows = [f"info@winkel{number}.example;Anna;Winkel {number};NL;" for number in range(25)]
    rows[12] = rows[21] = "nobody;Bas;Winkel;NL;"
    rows[23] = rows[1]
    return rows


def lines(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'<tr><td class="number[^>]*>(\d+)</td>', page)]


def walk(browser: Browser, url: str) -> list[int]:
    """Every page behind this one."""
    seen: list[int] = []
    while url:
        page = browser.get(url).text
        seen += lines(page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        url = found[1].replace("&amp;", "&") if found else ""
    return seen


def looked_at(browser: Browser, *rows: str) -> str:
    """The page of every row, once all of them were looked at."""
    url = upload(browser, *rows)
    assert browser.post(url, {**FORM, "act": "rows"}).headers["Location"] == f"{url}/rows"
    while "Look at the next rows" in browser.get(f"{url}/rows").text:
        assert browser.post(f"{url}/rows/more").status_code == 303
    return f"{url}/rows"


def test_each_row_is_shown_once_with_what_would_become_of_it(admin: Browser, services: Services) -> None:
    url = looked_at(admin, *file())
    assert walk(admin, url) == list(range(2, 27))
    assert walk(admin, f"{url}?only=out") == [14, 23, 25]
    assert walk(admin, f"{url}?only=duplicate") == [25]
    assert "The same mailbox stands in line 3." in admin.get(f"{url}?only=duplicate").text
    with services.database.reading() as session:
        assert session.scalars(select(Prospect.id)).all() == []


def test_it_foretells_what_the_import_does(admin: Browser, services: Services) -> None:
    url = looked_at(admin, *file())
    page = admin.get(url).text
    told = {
        key: int(number)
        for key, number in re.findall(r'only=(\w+)"[^>]*>[^<]*<span class="count">(\d+)', page)
    }
    told.pop("out")
    admin.post(url.removesuffix("/rows"), {**FORM, "act": "start"})
    [ended] = run_imports(services.intake)
    assert ended.counts == told


def test_the_choices_are_still_there_on_the_way_back(admin: Browser) -> None:
    url = looked_at(admin, *file())
    assert "Webwinkel Vakdagen" in admin.get(url.removesuffix("/rows")).text


def test_what_was_foreseen_goes_with_the_upload(admin: Browser, services: Services) -> None:
    url = looked_at(admin, *file())
    with services.database.reading() as session:
        stored_as = session.scalars(select(Import.stored_as)).one()
    kept = uploads.forecast_path(services.intake.uploads, stored_as)
    assert kept.stat().st_mode & 0o077 == 0
    assert uploads.strangers(services.intake.uploads, [stored_as]) == []
    admin.post(url.removesuffix("/rows"), {**FORM, "act": "start"})
    assert not kept.exists()
    assert admin.get(url).headers["Location"] == url.removesuffix("/rows")


def test_other_choices_are_another_look(admin: Browser) -> None:
    url = looked_at(admin, *file())
    admin.post(url.removesuffix("/rows"), {**FORM, "act": "rows", "column-0": "-"})
    page = admin.get(f"{url}?only=broken").text
    assert "The first 10 rows looked at" in admin.get(url).text
    assert len(lines(page)) == 7, "without addresses every row is broken"
