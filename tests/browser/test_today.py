"""Today as it is used: what is ticked off is counted at once, and a name has room on a phone."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from crm.conversations import tasks
from crm.conversations.models import NoteKind
from crm.kernel.clock import real_clock
from crm.workflows.desk.log_note import Said, log_note
from tests.browser.conftest import PHONE, Eyes
from tests.journeys.office import Office
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach

NAME = "Wilhelmina van der Heijden-Oosterbroek"


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


def promised(office: Office, *names: str) -> None:
    """A follow-up each, due today."""
    outreach = Outreach(office.services)
    for name in names:
        who = outreach.person(name=name)
        with office.services.database.transaction() as session:
            said = Said(
                NoteKind.NOTE, "Belt over de offerte", follow_up_at=real_clock() + timedelta(seconds=1)
            )
            log_note(session, who, said, by=1, now=real_clock())


def test_what_is_ticked_off_is_counted_without_a_page_load(office: Office, eyes: Eyes, noor: Visitor) -> None:
    promised(office, NAME, "Jeroen Höfkens")
    page = eyes.open(noor)
    page.goto("/")
    page.evaluate("window.same = true")
    expect(page.locator("#today-done")).to_contain_text("0 of 2 done")
    page.keyboard.press("e")
    expect(page.locator("#today-done")).to_contain_text("1 of 2 done")
    page.keyboard.press("z")
    expect(page.locator("#today-done")).to_contain_text("0 of 2 done")
    assert page.evaluate("window.same")


def test_what_is_done_elsewhere_is_counted_by_a_page_that_stays_open(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    promised(office, NAME, "Jeroen Höfkens")
    page = eyes.open(noor)
    page.clock.install()
    page.goto("/")
    expect(page.locator("#today-done")).to_contain_text("0 of 2 done")
    with office.services.database.transaction() as session:
        tasks.finish(session, 1, by=1, at=real_clock())
    page.clock.fast_forward(10_000)
    expect(page.locator("#today-done")).to_contain_text("0 of 1 done")
    expect(page.locator(".queue-item")).to_have_count(1)


def test_a_name_has_room_on_a_phone(office: Office, eyes: Eyes, noor: Visitor) -> None:
    promised(office, NAME)
    page = eyes.open(noor, size=PHONE)
    page.goto("/")
    page.locator(".queue-item a").click()
    eyes.look(page, "today-pane")
    head, name = page.locator(".pane-head").bounding_box(), page.locator(".pane-head h2").bounding_box()
    assert head is not None
    assert name is not None
    assert name["width"] > 0.6 * head["width"]
