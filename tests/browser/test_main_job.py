"""The main job with the hands of those who do it: a colleague, and the prospect with mail and browser."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from crm.handoff.models import Lead
from crm.prospects.models import Prospect, Status
from crm.sequences.models import Enrolment, StopReason
from crm.tracking.models import Opening, OpeningClass
from tests.browser.conftest import PHONE, SHOTS, Eyes
from tests.browser.hands import claimed, enrolled, imported, sequence_written
from tests.journeys.conftest import World
from tests.journeys.office import wait_for
from tests.journeys.post import Arrived, deliver
from tests.journeys.test_yes import ANNA

THUNDERBIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3.0"


@pytest.fixture
def watched(world: World, chromium: Browser, tmp_path: Path) -> Iterator[Eyes]:
    shots = Path(SHOTS) if SHOTS else tmp_path / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    with Eyes(chromium, world.office.url, shots) as eyes:
        yield eyes


@pytest.mark.both_databases
def test_from_a_spreadsheet_to_a_paying_customer_in_a_browser(
    world: World, watched: Eyes, chromium: Browser
) -> None:
    office = world.office
    page = watched.open()
    with Eyes(chromium, office.url, watched.shots, closed=True) as seen_before:
        claimed(office, seen_before, page)
        imported(office, seen_before, page)
        sequence_written(seen_before, page)
        enrolled(seen_before, page)
    letter = written_to(world)
    opened(world, watched, page, letter)
    answered(world, watched, page, letter)
    link = said_yes(world, watched, page)
    signed_up(world, watched, page, link)


def written_to(world: World) -> Arrived:
    world.office.pass_time_until(lambda: bool(world.post.to(ANNA)))
    [letter] = world.post.to(ANNA)
    return letter


def opened(world: World, eyes: Eyes, page: Page, letter: Arrived) -> None:
    """A mail program shows the mail, and fetches its picture; the colleague's page says what that tells."""
    world.office.clock.advance(timedelta(minutes=40))
    reader = eyes.open(program=THUNDERBIRD)
    with reader.expect_response(letter.pictures[0]):
        reader.set_content(letter.html)
    expect(reader.get_by_text("Dag Anna,")).to_be_visible()
    wait_for(lambda: bool(world.office.all(Opening)))
    assert [one.opened_by for one in world.office.all(Opening)] == [OpeningClass.PERSON]
    assert reader.context.cookies() == []
    page.reload()
    expect(page.locator("#timeline")).to_contain_text("reached somebody")
    eyes.look(page, "prospect-opened")


def answered(world: World, eyes: Eyes, page: Page, letter: Arrived) -> None:
    """Their answer waits on Today; the sequence has stopped."""
    deliver(world.office.inbox, letter.answer("Klinkt goed. Bel me morgen maar even over de prijs."))
    world.office.tick()
    page.goto("/")
    expect(page.locator("#pane")).to_contain_text("Klinkt goed. Bel me morgen")
    [course] = world.office.all(Enrolment)
    assert course.stop_reason is StopReason.REPLIED
    page.locator("#pane").get_by_role("link", name="Anna de Boer").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna de Boer")
    expect(page.locator("#timeline")).to_contain_text("Klinkt goed")
    eyes.look(page, "prospect-answered")


def said_yes(world: World, eyes: Eyes, page: Page) -> str:
    """One press; the service has the lead, and Anna a mail with her link."""
    page.get_by_role("link", name="They said yes").click()
    page.get_by_role("button", name="They said yes").click()
    expect(page.locator(".toast")).to_contain_text("The lead is on its way")
    for _ in range(2):
        world.office.tick()
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Handed over")
    assert len(world.post.to(ANNA)) == 2
    return world.post.to(ANNA)[1].link("/start/")


def signed_up(world: World, eyes: Eyes, page: Page, link: str) -> None:
    """On her phone, as far as paying; the colleague sees each step."""
    office = world.office
    phone = eyes.open(size=PHONE)
    phone.goto(link)
    eyes.look(phone, "start-by-mail")
    phone.locator("button[type=submit]").click()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Welcome, Kaarsenwinkel B.V.")
    assert phone.context.cookies() == []
    phone.get_by_role("button", name="Sign up").click()
    for pressed, state in (("Make my first picture", "first_image"), ("Pay for the first month", "paid")):
        phone.get_by_role("button", name=pressed).click()
        wait_for(lambda state=state: office.all(Lead)[0].state.value == state)  # type: ignore[misc] # mypy knows no type of the default
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Paid")
    eyes.look(page, "lead-paid")
    page.goto("/leads")
    expect(page.get_by_role("main")).to_contain_text("Kaarsenwinkel B.V.")
    [person] = office.rows(select(Prospect).where(Prospect.address == ANNA))
    assert person.status is Status.CONVERTED
