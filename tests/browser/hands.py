"""What a colleague does with mouse and keyboard, from the claim of an account to somebody enrolled."""

import re

from playwright.sync_api import Page, expect

from crm.kernel.clock import real_clock
from crm.workflows.house.open_house import first_link
from tests.browser.conftest import Eyes
from tests.journeys.office import PASSWORD, Office
from tests.journeys.test_yes import CHOICES, FIRST_MAIL, SHEET


def claimed(office: Office, eyes: Eyes, page: Page) -> None:
    """The link that the start printed makes an account; Today says what it is for."""
    page.goto("/")
    expect(page.get_by_role("main")).to_contain_text("Nobody has an account here yet")
    eyes.look(page, "login-unclaimed")
    with office.services.database.transaction() as session:
        link = first_link(session, office.url, at=real_clock())
    assert link is not None
    page.goto(link)
    page.get_by_label("Your name").fill("Noor Visser")
    page.get_by_label("Email").fill("noor@produfoto.example")
    page.get_by_label("Password").fill("short")
    page.keyboard.press("Enter")
    expect(page.locator(".fault").first).to_be_visible()
    eyes.look(page, "claim-fault")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    eyes.look(page, "today-empty")


def imported(office: Office, eyes: Eyes, page: Page) -> None:
    """A spreadsheet goes in by the page; nothing is kept before the button that says so."""
    page.get_by_role("link", name="Prospects", exact=True).first.click()
    expect(page.get_by_text("No prospects yet")).to_be_visible()
    eyes.look(page, "prospects-empty")
    page.get_by_role("link", name="Import a spreadsheet").click()
    eyes.look(page, "imports")
    page.get_by_label("File").set_input_files(
        {"name": "prospects.csv", "mimeType": "text/csv", "buffer": SHEET}
    )
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    for name, value in CHOICES.items():
        field = page.locator(f"#{name}")
        field.select_option(value) if name in {"source_kind", "basis"} else field.fill(value)
    page.get_by_role("button", name="Look again").click()
    expect(page.locator("#preview")).to_contain_text("Anna de Boer")
    eyes.look(page, "import-preview")
    page.get_by_role("button", name="Start the import").click()
    expect(page.locator("#job")).to_contain_text("Running")
    eyes.look(page, "import-running")
    office.tick()
    expect(page.locator("#job")).to_contain_text("Done")
    expect(page.locator("#job")).to_contain_text("Added")
    page.reload()
    eyes.look(page, "import-done")


def sequence_written(eyes: Eyes, page: Page) -> None:
    """A fault in a template is said beside its step, and nothing typed is lost."""
    page.goto("/sequences")
    eyes.look(page, "sequences-empty")
    page.get_by_role("link", name="New sequence").click()
    page.get_by_label("Name").fill("Voorjaar")
    page.get_by_label("Subject").fill("Foto's voor {{ company }}")
    page.locator("#body-1").fill("Dag {{ voornaam }},\n\nWij maken foto's.")
    page.get_by_role("button", name="Look at it and publish").click()
    alert = page.locator("#problems")
    expect(alert).to_contain_text("Step 1")
    expect(alert).to_contain_text("voornaam")
    expect(page.locator("#body-1")).to_have_value(re.compile("Wij maken foto's"))
    eyes.look(page, "sequence-fault")
    page.locator("#body-1").fill(FIRST_MAIL)
    page.get_by_role("button", name="Add a mail").click()
    page.locator("#body-2").fill("Dag,\n\nHad u al even tijd?")
    page.get_by_role("button", name="Look at it and publish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish Voorjaar")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Voorjaar")
    expect(page.locator(".toast")).to_contain_text("Published")
    eyes.look(page, "sequence")


def enrolled(eyes: Eyes, page: Page) -> None:
    """By keyboard: down, select, and the button of the bar."""
    page.goto("/prospects?q=kaarsen")
    expect(page.locator("#rows tr")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".bulk")).to_contain_text("1 selected")
    eyes.look(page, "prospects-selected")
    page.locator(".bulk").get_by_role("button", name="Enrol").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Anna de Boer")
    expect(page.locator(".toast")).to_contain_text("Enrolled")
    eyes.look(page, "prospect-enrolled")
