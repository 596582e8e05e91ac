"""A sequence's life: drafted, shared, looked at, published, moved, compared, put away."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from crm.audit import chain
from crm.delivery.models import Message, MessageState
from crm.kernel.clock import real_clock
from crm.replies.models import InboundMail
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.models import StepVariant
from crm.sequences.texts import Words
from crm.staff.models import Role
from crm.workflows.house.open_house import invitation_link
from tests.browser.conftest import PHONE, Eyes
from tests.journeys.office import Office, claim
from tests.journeys.visitor import Visitor
from tests.outreach import Outreach, hand_work, mail, wait

FIRST = """Dag {{ first_name | default("allemaal") }},

Wij maken van gewone telefoonfoto's een rustige reeks voor {{ company }}: dezelfde schaduw.

Zal ik drie foto's kosteloos bewerken?

Groet,
{{ sender_name }}"""
B = Words(
    "Drie foto's van {{ company }}, kosteloos", "Dag,\n\nMag ik drie foto's bewerken?\n\n{{ sender_name }}"
)


@pytest.fixture
def noor(office: Office) -> Visitor:
    return office.claim()


def test_a_sequence_is_drafted_looked_at_and_published_and_people_are_moved_by_choice(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    outreach = Outreach(office.services)
    sequence = outreach.sequence(mail(body=FIRST), mail(3, "", "Dag,\n\nHad u al even tijd?\n\nGroet"))
    names = ["Anna de Boer", "Jan van der Meer", "Zoë Müller-van den Brandt", ""]
    people = [
        outreach.person(f"p{number}@winkel{number}.example", name=name) for number, name in enumerate(names)
    ]
    outreach.enrol(people, sequence)
    page = eyes.open(noor)
    page.goto(f"/sequences/{sequence}")
    page.get_by_role("link", name="Edit steps").first.click()
    page.locator("#body-1").fill(FIRST.replace("rustige", "mooie, rustige").replace("kosteloos", "gratis"))
    page.locator("#body-1").press("Control+Enter")
    expect(page.locator(".toast")).to_contain_text("Draft saved")
    page.get_by_role("button", name="Try another text for step 2").click()
    expect(page.locator("#body-2-2")).to_be_visible()
    page.locator("#body-2-2").fill("Dag,\n\nZal ik bellen?\n\nGroet")
    page.get_by_role("button", name="Add a wait").click()
    page.get_by_role("button", name="Add a task").click()
    page.locator("#body-4").fill("Bel even op")
    eyes.look(page, "sequence-draft")
    page.get_by_role("button", name="Look at it and publish").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Publish")
    expect(page.locator("#change-1 ins").first).to_contain_text("mooie,")
    expect(page.locator("#people")).to_contain_text("Zoë Müller-van den Brandt")
    eyes.look(page, "sequence-review")
    page.get_by_label("Also the 4 on their way").check()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".toast")).to_contain_text("go on in the newest version")
    expect(page.locator("#versions")).to_contain_text("Version 2")
    eyes.look(page, "sequence-published")
    page.get_by_role("link", name="Version 2").click()
    eyes.look(page, "sequence-version")


def test_two_who_edit_one_draft_lose_nothing(office: Office, eyes: Eyes, noor: Visitor) -> None:
    sequence = Outreach(office.services).sequence(mail(body=FIRST))
    with office.services.database.transaction() as session:
        link = invitation_link(session, Role.MANAGER, office.url, actor=chain.OWNER, at=real_clock())
    daan = claim(office.visitor(), link, name="Daan Smit")
    pages = [eyes.open(noor), eyes.open(daan)]
    for page in pages:
        page.goto(f"/sequences/{sequence}/edit")
    for page, words in zip(pages, ("Dag van Noor", "Dag van Daan"), strict=True):
        page.locator("#body-1").fill(FIRST.replace("Zal ik", f"{words}. Zal ik"))
        page.get_by_role("button", name="Save draft").last.click()
    second = pages[1]
    expect(second.get_by_role("alert")).to_contain_text("Noor Visser saved this draft while you were typing")
    expect(second.locator("#body-1")).to_have_value(FIRST.replace("Zal ik", "Dag van Daan. Zal ik"))
    eyes.look(second, "sequence-conflict")
    second.get_by_role("button", name="Save draft").last.click()
    expect(second.locator(".toast")).to_contain_text("Draft saved")


def test_texts_are_compared_switched_off_and_the_sequence_put_away(
    office: Office, eyes: Eyes, noor: Visitor
) -> None:
    outreach = Outreach(office.services)
    sequence = outreach.sequence(mail(body=FIRST, others=(B,)), wait(2), hand_work(1), mail(3, "", "Dag"))
    outreach.enrol(outreach.people(60), sequence)
    office.pass_time_until(lambda: len(outreach.messages()) == 60)
    with office.services.database.transaction() as session:
        session.execute(update(Message).values(state=MessageState.SENT, sent_at=outreach.now))
        rows = dict(session.execute(select(StepVariant.number, StepVariant.id)).all())
        for number, variant in rows.items():
            got = list(session.scalars(select(Message).where(Message.variant_id == variant)))
            for one in got[: 2 if number == 1 else 16]:
                session.add(
                    InboundMail(
                        digest=f"{one.id:064}",
                        message_id=one.id,
                        prospect_id=one.prospect_id,
                        kind="person",
                        received_at=outreach.now + timedelta(hours=1),
                    )
                )
    page = eyes.open(noor)
    page.goto(f"/sequences/{sequence}")
    expect(page.locator("#texts-1")).to_contain_text("Text B gets more replies")
    eyes.look(page, "sequence-texts")
    page.get_by_role("button", name="Switch off text A").click()
    expect(page.locator(".toast")).to_contain_text("What it did so far stays")
    expect(page.locator("#texts-1")).to_contain_text("Off")
    phone = eyes.open(noor, size=PHONE)
    phone.goto(f"/sequences/{sequence}/archive")
    expect(phone.locator("#delete")).to_contain_text("Archive it instead")
    eyes.look(phone, "sequence-archive")
    phone.get_by_role("button", name="Archive").click()
    expect(phone.locator(".toast")).to_contain_text("Archived")
    phone.goto("/sequences?show=archived")
    eyes.look(phone, "sequences-archived")


def test_a_list_is_walked_with_j_and_k(office: Office, eyes: Eyes, noor: Visitor) -> None:
    outreach = Outreach(office.services)
    for _ in range(3):
        outreach.sequence(mail())
    page = eyes.open(noor)
    page.goto("/sequences")
    rows = page.locator("#rows th a")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(rows.nth(at)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(outreach_name(office, 2))
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/approve")


def outreach_name(office: Office, number: int) -> str:
    with office.services.database.reading() as session:
        return session.scalars(select(SequenceRow.name).order_by(SequenceRow.name)).all()[number - 1]
