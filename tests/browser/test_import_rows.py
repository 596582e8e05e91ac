"""Every row of a file before its import: the page goes on by itself until it has looked at all."""

import pytest
from playwright.sync_api import expect

from crm.web.staff.importing import import_rows
from tests.browser.conftest import Eyes
from tests.imports import sheet
from tests.journeys.office import Office
from tests.journeys.visitor import Visitor


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


def rows() -> bytes:
    shops = [f"info@winkel{number}.example;Anna;Winkel {number};NL;" for number in range(240)]
    return sheet(*shops, "nobody;Bas;Winkel;NL;", shops[0])


@pytest.mark.parametrize("scripts", [True, False])
def test_it_looks_at_every_row(
    eyes: Eyes, noor: Visitor, monkeypatch: pytest.MonkeyPatch, *, scripts: bool
) -> None:
    monkeypatch.setattr(import_rows, "AT_ONCE", 100)
    looked = noor.follow(noor.upload(noor.get("/imports"), "/imports$", "shops.csv", rows()))
    page = eyes.open(noor, scripts=scripts)
    page.goto(looked.url)
    page.get_by_role("button", name="Look at every row").click()
    for looked_at in () if scripts else (100, 200):
        expect(page.get_by_role("status").first).to_contain_text(f"The first {looked_at} rows looked at")
        page.get_by_role("button", name="Look at the next rows").click()
    expect(page.get_by_role("status").first).to_contain_text("All 242 rows looked at")
    if scripts:
        eyes.look(page, "import-rows")
    page.get_by_role("link", name="Next page").click()
    expect(page.locator("#rows tr").first).to_contain_text("info@winkel100.example")
    page.get_by_role("link", name="Left out").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("link", name="shops.csv").click()
    page.get_by_role("button", name="Look at every row").wait_for()
