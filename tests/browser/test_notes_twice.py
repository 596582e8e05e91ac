"""One press too many: a note is there once, whatever the line, and with script or without."""

import pytest
from playwright.sync_api import Route, expect

from crm.conversations.models import Note
from tests.browser.conftest import Eyes
from tests.journeys.office import Office
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach

WORDS = "Wants ten chairs first."


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


@pytest.fixture
def anna(office: Office) -> int:
    return Outreach(office.services).person("anna@kaarsenwinkel.example", name="Anna de Boer")


def kept(office: Office) -> list[str]:
    return [note.body for note in office.all(Note)]


def test_two_presses_over_a_slow_line_are_one_note_and_leave_no_ghost(
    office: Office, eyes: Eyes, noor: Visitor, anna: int
) -> None:
    page = eyes.open(noor)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/notes", hold)
    page.goto(f"/prospects/{anna}")
    page.locator("[data-htmx-powered]").first.wait_for()
    page.locator("#composer [data-words]").fill(WORDS)
    page.locator("#composer").get_by_role("button", name="Save").dblclick()
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.locator(".event.pending")).to_have_count(1)
    assert held
    for one in held:
        one.continue_()
    expect(page.locator(".toast")).to_contain_text("Note saved")
    expect(page.locator(".event.pending")).to_have_count(0)
    expect(page.locator("#timeline").get_by_text(WORDS)).to_have_count(1)
    assert kept(office) == [WORDS]


def test_a_press_after_the_line_broke_saves_the_note(
    office: Office, eyes: Eyes, noor: Visitor, anna: int
) -> None:
    page = eyes.open(noor)
    page.goto(f"/prospects/{anna}")
    page.locator("[data-htmx-powered]").first.wait_for()
    page.route("**/notes", lambda route: route.abort())
    page.locator("#composer [data-words]").fill(WORDS)
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("No connection")
    expect(page.locator(".event.pending")).to_have_count(0)
    page.unroute("**/notes")
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Note saved")
    assert kept(office) == [WORDS]
    eyes.faults.clear()  # the browser tells of the line that broke


def test_without_script_back_and_save_shows_the_note_there_is(
    office: Office, eyes: Eyes, noor: Visitor, anna: int
) -> None:
    page = eyes.open(noor, scripts=False)
    page.goto(f"/prospects/{anna}")
    page.locator("#composer textarea").fill(WORDS)
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.locator(".toast").first).to_contain_text("Note saved")
    page.go_back()
    expect(page.locator("#composer textarea")).to_have_value(WORDS)  # the browser's, in a form with a new key
    page.locator("#composer").get_by_role("button", name="Save").click()
    expect(page.locator(".toast").first).to_contain_text("Note saved before: it is here once")
    eyes.photograph(page, "note-twice")
    page.locator("#composer textarea").fill(f"{WORDS} Then decides.")
    page.locator("#composer").get_by_role("button", name="Save").click()
    assert kept(office) == [WORDS, f"{WORDS} Then decides."]
