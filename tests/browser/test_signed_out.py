"""A session ends while somebody types: their words are still there after signing in, script or none."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from crm.conversations.models import Note
from crm.staff.models import StaffSession
from tests.browser.conftest import Eyes
from tests.journeys.office import PASSWORD, Office
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach

WORDS = "Wants ten chairs first.\n\nThen decides."


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


def typed(office: Office, page: Page) -> None:
    """Words in the box of a note, on a page whose session is over."""
    person = Outreach(office.services).person("anna@kaarsenwinkel.example", name="Anna de Boer")
    page.goto(f"/prospects/{person}")
    page.locator("#composer [data-words]").fill(WORDS)
    with office.services.database.transaction() as session:
        session.execute(delete(StaffSession))


def sign_in(tab: Page) -> None:
    tab.get_by_label("Email").fill("noor@produfoto.example")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("heading", name="Today", level=1)).to_be_visible()


def test_without_script_the_page_that_turns_away_keeps_the_words(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    page = eyes.open(noor, scripts=False)
    typed(office, page)
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    eyes.photograph(page, "signed-out")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    sign_in(opened.value)
    page.get_by_role("button", name="Send it again").click()
    eyes.photograph(page, "save-it-now")
    page.get_by_role("button", name="Save it now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna de Boer")
    assert [note.body for note in office.all(Note)] == [WORDS]


def test_with_script_the_words_stay_in_the_box_and_are_saved_after_signing_in(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    page = eyes.open(noor)
    typed(office, page)
    page.locator("#composer").get_by_role("button", name="Save").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("Sign in in a new tab")
    eyes.photograph(page, "signed-out-toast")
    with page.context.expect_page() as opened:
        toast.get_by_role("link", name="Sign in").click()
    sign_in(opened.value)
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # headless tabs are never hidden
    expect(toast).to_contain_text("You are signed in again")
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(toast).to_contain_text("Note saved")
    assert [note.body for note in office.all(Note)] == [WORDS]
