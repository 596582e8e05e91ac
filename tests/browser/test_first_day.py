"""The first day of an installation, by somebody who never saw it: from the claim to a mail and its end."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Eyes
from tests.browser.hands import claimed, enrolled, imported, sequence_written
from tests.journeys.office import Office
from tests.journeys.test_yes import ANNA


def test_the_first_day_in_a_browser(office: Office, eyes: Eyes) -> None:
    page = eyes.open()
    claimed(office, eyes, page)
    imported(office, eyes, page)
    found(eyes, page)
    sequence_written(eyes, page)
    enrolled(eyes, page)
    unsubscribe = mail_shown(office, eyes, page)
    unsubscribed(eyes, unsubscribe)
    page.goto("/prospects")
    page.get_by_role("link", name="Anna de Boer").click()
    expect(page.locator(".verdict .sentence")).to_have_text("No")
    expect(page.get_by_role("button", name="Enrol")).to_be_disabled()
    eyes.look(page, "prospect-refused")


def found(eyes: Eyes, page: Page) -> None:
    """The list narrows while one types."""
    page.get_by_role("link", name="Prospects", exact=True).first.click()
    expect(page.locator("#rows tr")).to_have_count(2)
    eyes.look(page, "prospects")
    page.keyboard.press("/")
    page.keyboard.type("stoelen")
    expect(page.locator("#rows tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("Bas Bakker")
    expect(page).to_have_url(re.compile("q=stoelen"))
    page.locator("#q").fill("nobody at all")
    expect(page.get_by_text("Nobody matches")).to_be_visible()


def mail_shown(office: Office, eyes: Eyes, page: Page) -> str:
    """The mailbox shows the mail as its reader sees it, with a link that works."""
    viewer = office.services.sent_mail
    assert viewer is not None
    office.pass_time_until(lambda: bool(viewer.newest(recipient=ANNA)))
    page.goto("/mailbox")
    expect(page.get_by_text("Foto's voor Kaarsenwinkel B.V.")).to_be_visible()
    eyes.look(page, "mailbox")
    page.get_by_role("link", name=ANNA).click()
    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("Dag Anna,")).to_be_visible()
    eyes.look(page, "mail")
    link = letter.locator('a[href*="/u/"]').first.get_attribute("href")
    assert link is not None
    assert link.startswith(office.url)
    return link


def unsubscribed(eyes: Eyes, link: str) -> None:
    """On a phone without scripts: it asks first, says what holds, and sets no cookie."""
    for scripts in (False, True):  # axe is a script itself, so it looks the second time
        phone = eyes.open(size=PHONE, scripts=scripts)
        phone.goto(link)
        expect(phone.get_by_role("heading", level=1)).to_be_visible()
        eyes.look(phone, f"unsubscribe{'' if scripts else '-plain'}", axe=scripts)
        phone.get_by_role("button", name="Confirm").first.click()
        expect(phone.locator(".done")).to_be_visible()
        eyes.look(phone, f"unsubscribed{'' if scripts else '-plain'}", axe=scripts)
        assert phone.context.cookies() == []
