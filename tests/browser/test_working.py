"""A working day: notes by keyboard, two at one record, a reply, a yes, and what is in doubt."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from crm.audit import chain
from crm.conversations.models import Note
from crm.delivery.models import Message, MessageState
from crm.kernel.clock import real_clock
from crm.prospects.models import Prospect
from crm.staff.models import Role
from crm.workflows.house.open_house import invitation_link
from tests.browser.conftest import PHONE, Eyes
from tests.journeys.office import Office, claim
from tests.journeys.post import Arrived, deliver
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach, hand_work, mail

WORDS = "Wants ten chairs first, then decides."


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


def note_by_keyboard(page: Page) -> float:
    """Milliseconds from the key to the note on the screen."""
    page.evaluate(
        "document.addEventListener('keydown', key => key.ctrlKey && key.key === 'Enter' &&"
        " performance.mark('pressed'), true)"
    )
    page.keyboard.press("n")
    page.keyboard.type(WORDS)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Note saved")
    shown, pressed = (
        page.evaluate(f"performance.getEntriesByName('{name}')[0].startTime")
        for name in ("note:shown", "pressed")
    )
    return float(shown - pressed)


def take_back(page: Page) -> None:
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Note taken back")
    expect(page.locator("#timeline")).not_to_contain_text(WORDS)


def test_a_note_by_keyboard_is_on_the_screen_within_300_ms_and_z_takes_it_back(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    person = Outreach(office.services).person("anna@kaarsenwinkel.example")
    page = eyes.open(noor)
    took = 0.0
    for _ in range(3):  # other work on the machine may hold one up, hardly three
        page.goto(f"/prospects/{person}")
        took = note_by_keyboard(page)
        if took < 300:
            break
        take_back(page)
    assert took < 300
    expect(page.locator("#line-today > li").first).to_contain_text(WORDS)
    assert [note.body for note in office.all(Note) if note.removed_at is None] == [WORDS]
    eyes.look(page, "note-saved")
    take_back(page)
    page.reload()
    expect(page.locator("#timeline")).not_to_contain_text(WORDS)


def test_of_two_who_edit_one_record_the_second_is_told_and_loses_nothing(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    person = Outreach(office.services).person("anna@kaarsenwinkel.example", name="Anna de Boer")
    with office.services.database.transaction() as session:
        link = invitation_link(session, Role.SALES, office.url, actor=chain.OWNER, at=real_clock())
    daan = claim(office.visitor(), link, name="Daan Smit")
    pages = [eyes.open(noor), eyes.open(daan)]
    for page in pages:
        page.goto(f"/prospects/{person}/edit")
    eyes.look(pages[0], "edit")
    saved(pages[0], "Anna de Boer-Bakker")
    expect(pages[0].get_by_role("heading", level=1)).to_have_text("Anna de Boer-Bakker")
    second = pages[1]
    saved(second, "Anna Boer")
    alert = second.get_by_role("alert")
    expect(alert).to_contain_text("A colleague saved this while you were typing")
    expect(alert).to_contain_text("Anna de Boer-Bakker")
    expect(second.get_by_label("Name", exact=False).first).to_have_value("Anna Boer")
    eyes.look(second, "edit-conflict")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Anna Boer")


def saved(page: Page, name: str) -> None:
    page.locator("#name").fill(name)
    page.locator("#name").press("Control+Enter")


def test_a_reply_waits_on_today_and_is_dealt_with_by_one_key(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    outreach = Outreach(office.services)
    person = outreach.person("anna@kaarsenwinkel.example", name="Anna de Boer")
    outreach.enrol(person, outreach.sequence(mail(), mail(3, "")))
    letter = arrived(office)
    deliver(office.inbox, letter.answer("Klinkt goed. Bel me morgen maar."))
    office.tick()
    page = eyes.open(noor)
    page.goto("/")
    expect(page.locator("#pane")).to_contain_text("Klinkt goed. Bel me morgen maar.")
    eyes.look(page, "today-reply")
    page.get_by_role("link", name="Answer").click()
    expect(page.get_by_role("main")).to_contain_text("Klinkt goed")
    page.get_by_label("Text").fill("Dag Anna,\n\nDat doe ik. Tot morgen.\n\nNoor")
    eyes.look(page, "answer")
    page.on("dialog", lambda asked: asked.accept())  # they are asked before a draft is left
    page.goto("/")
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("Dealt with")
    expect(page.get_by_role("heading", name="Nothing waits for you")).to_be_visible()
    page.keyboard.press("z")
    expect(page.locator("#pane")).to_contain_text("Klinkt goed")
    phone = eyes.open(noor, size=PHONE)
    phone.goto("/")
    phone.locator(".queue-item a").click()
    expect(phone.locator("#desk")).to_contain_text("Klinkt goed. Bel me morgen maar.")
    eyes.look(phone, "reply-on-a-phone")
    phone.get_by_role("button", name="Done").click()
    expect(phone.get_by_role("heading", name="Nothing waits for you")).to_be_visible()


def arrived(office: Office) -> Arrived:
    """The first mail that lies in the mailbox."""
    viewer = office.services.sent_mail
    assert viewer is not None
    office.pass_time_until(lambda: bool(viewer.newest()))
    first = viewer.newest()[0]
    wire = viewer.read(first.key)
    assert wire is not None
    return Arrived("", first.recipient, wire)


def test_a_yes_becomes_a_lead_with_a_link_that_leads_to_the_image_service(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    person = Outreach(office.services).person("anna@kaarsenwinkel.example", name="Anna de Boer")
    page = eyes.open(noor)
    page.goto(f"/prospects/{person}")
    page.get_by_role("link", name="They said yes").click()
    eyes.look(page, "convert")
    page.get_by_label("I pass it on myself").check()
    page.get_by_role("button", name="They said yes").click()
    expect(page.locator(".toast")).to_contain_text("The lead is on its way")
    office.tick()
    page.reload()
    expect(page.get_by_role("main")).to_contain_text("Handed over")
    eyes.look(page, "lead")
    link = page.locator("#link").input_value()
    page.goto("/leads")
    eyes.look(page, "leads")
    page.goto("/leads/in/handed-over")
    eyes.look(page, "leads-column")
    person_outside = eyes.open(size=PHONE)
    person_outside.goto(link)
    eyes.look(person_outside, "start")
    person_outside.locator("button[type=submit]").click()
    expect(person_outside.get_by_role("heading", level=1)).to_contain_text("Welcome")
    assert person_outside.context.cookies(office.url) == []


def test_what_is_in_doubt_waits_for_a_decision_in_words(office: Office, eyes: Eyes, noor: Visitor) -> None:
    outreach = Outreach(office.services)
    person = outreach.person("anna@kaarsenwinkel.example", name="Anna de Boer")
    outreach.enrol(person, outreach.sequence(hand_work(), mail(3)))
    other = outreach.person("bas@stoelenhuis.example", name="Bas Bakker")
    outreach.enrol(other, outreach.sequence(mail()))
    arrived(office)
    with office.services.database.transaction() as session:
        message = session.scalars(select(Message)).one()
        message.state = MessageState.UNCERTAIN
    page = eyes.open(noor)
    page.goto("/")
    expect(page.locator(".queue")).to_contain_text("We do not know whether these left")
    expect(page.locator(".queue")).to_contain_text("Bel even op")
    eyes.look(page, "today-doubt")
    page.goto("/uncertain")
    eyes.look(page, "uncertain")
    expect(page.get_by_role("main")).to_contain_text("Bas Bakker")


@pytest.mark.parametrize(
    "path", ["/prospects/new", "/team", "/objection", "/prospects/1/why", "/prospects/1/write",
             "/prospects/1/refuse", "/prospects/1/erase", "/nowhere"]
)  # fmt: skip
def test_the_other_pages_are_in_order_too(office: Office, eyes: Eyes, noor: Visitor, path: str) -> None:
    Outreach(office.services).person("anna@kaarsenwinkel.example", name="Anna de Boer")
    assert len(office.all(Prospect)) == 1
    page = eyes.open(noor)
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    eyes.look(page, path.strip("/").replace("/", "-"))
