"""A mail written by hand from a person's page, and taken back."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import func, select, update

from crm.delivery import mailboxes
from crm.delivery.models import Message, MessageState
from crm.kernel.mail import MailKind
from crm.prospects.models import Company
from crm.replies.models import InboundMail, InboundState
from crm.services import Services
from tests.conftest import FakeClock
from tests.correspondence import Correspondence
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser

ONCE = "a" * 26


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def sent(browser: Browser, person: int, **typed: str) -> str:
    """The address of the page that says so."""
    answer = browser.post(f"/prospects/{person}/write", {"once": ONCE, **typed})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def taken_back(browser: Browser, written: str) -> str:
    """The address one is led to after the button of that page."""
    button = re.search(r'action="([^"]+/take-back[^"]*)"', browser.get(written).text)
    assert button
    answer = browser.post(unescape(button[1]))
    assert answer.status_code == 303
    return answer.headers["Location"]


def box(page: str) -> str:
    """What stands in the form's text box."""
    found = re.search(r'<textarea[^>]*name="body"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert found
    return unescape(found[1]).replace("\r\n", "\n").strip()


def test_a_sent_mail_answers_with_a_page_that_may_be_loaded_again(
    sales: Browser, outreach: Outreach, services: Services
) -> None:
    outreach.mailbox()
    written = sent(sales, outreach.person(), subject="Foto's", body="Dag,\n\nZullen we bellen?")
    pages = [sales.get(written) for _ in range(2)]
    assert [one.status_code for one in pages] == [200, 200]
    assert "It leaves in 30 seconds" in pages[0].text
    with services.database.reading() as session:
        assert session.scalar(select(func.count(Message.id))) == 1


@pytest.mark.parametrize("language", ["nl", "en", "de", "fr"])
def test_a_first_mail_taken_back_is_in_the_form_again(
    sales: Browser, outreach: Outreach, services: Services, language: str
) -> None:
    outreach.mailbox()
    person = outreach.person()
    with services.database.transaction() as session:
        session.execute(update(Company).values(language=language))
    typed = "Dag Zoë,\n\nZullen we bellen?\n\n--\nPS: <b>graag</b> {{ company }}"
    page = sales.get(taken_back(sales, sent(sales, person, subject="Foto's & meer", body=typed))).text
    with services.database.reading() as session:
        name = session.scalars(select(Company.name)).one()
        assert session.scalars(select(Message.state)).one() is MessageState.CANCELLED
    assert box(page) == typed.replace("{{ company }}", name)
    assert 'value="Foto&#39;s &amp; meer"' in page
    assert "Taken back" in page


def test_an_answer_taken_back_is_in_the_form_again_under_their_words(
    talk: Correspondence, sales: Browser
) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?")
    typed = "Dat doen we.\n\n--\nSanne"
    back = taken_back(sales, sent(sales, talk.person, body=typed, answers=str(mail.id)))
    page = sales.get(back).text
    assert box(page) == typed
    assert "Kunt u mij morgen bellen?" in page
    assert f'name="answers" value="{mail.id}"' in page


def test_what_left_is_not_taken_back_and_the_page_says_so(
    sales: Browser, outreach: Outreach, clock: FakeClock
) -> None:
    outreach.mailbox()
    person = outreach.person()
    clock.now = clock.now.replace(hour=10)
    written = sent(sales, person, subject="Foto's", body="Dag")
    clock.advance(timedelta(seconds=31))
    assert outreach.dispatch().sent == 1
    page = sales.get(written).text
    assert ("/take-back" in page, "It has left" in page) == (False, True)


def test_nobody_reads_a_mail_by_the_address_of_somebody_elses(
    sales: Browser, outreach: Outreach, services: Services
) -> None:
    outreach.mailbox()
    person, other = outreach.person(), outreach.person()
    written = sent(sales, person, subject="Foto's", body="Voor u alleen")
    taken_back(sales, written)
    with services.database.reading() as session:
        name = session.scalars(select(Message.public_id)).one()
    assert sales.get(f"/prospects/{other}/written/{name}").status_code == 404
    assert "Voor u alleen" not in sales.get(f"/prospects/{other}/write?again={name}").text


def test_only_a_mail_by_hand_that_was_taken_back_is_put_into_the_form(
    talk: Correspondence, sales: Browser, services: Services
) -> None:
    with services.database.reading() as session:
        name = session.scalars(select(Message.public_id).where(Message.kind == MailKind.OUTREACH)).one()
    assert box(sales.get(f"/prospects/{talk.person}/write?again={name}").text) == ""


def test_an_answer_taken_back_puts_their_mail_on_today_again(talk: Correspondence, sales: Browser) -> None:
    mail = talk.writes("Kunt u mij morgen bellen?")

    def state() -> InboundState:
        with talk.services.database.reading() as session:
            return session.get_one(InboundMail, mail.id).state

    typed = {"body": "Dat doen we.", "answers": str(mail.id)}
    written = sent(sales, talk.person, **typed)
    assert state() is InboundState.HANDLED
    taken_back(sales, written)
    assert state() is InboundState.UNDERSTOOD


def verdict_of(page: str) -> str:
    return page.partition('id="verdict"')[2].partition("</section>")[0]


def test_whether_it_may_go_stands_beside_the_letter_before_a_word_is_typed(
    sales: Browser, outreach: Outreach, services: Services
) -> None:
    who = outreach.person("ann@winkel.example")
    box_id = outreach.mailbox()
    assert "Yes, you may" in verdict_of(sales.get(f"/prospects/{who}/write").text)
    with services.database.transaction() as session:
        mailboxes.pause(session, box_id, reason="test", at=outreach.now)
    paused = verdict_of(sales.get(f"/prospects/{who}/write").text)
    assert "The mailbox this would leave from is paused" in paused
    assert "A manager:" in paused


def test_a_colleagues_no_does_not_stop_a_letter_and_the_page_does_not_say_that_it_would(
    sales: Browser, outreach: Outreach
) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.mailbox()
    outreach.person("bob@winkel.example", company_id=outreach.prospect(who).company_id)
    outreach.refuse("bob@winkel.example")
    assert "Yes, you may" in verdict_of(sales.get(f"/prospects/{who}/write").text)
    assert sent(sales, who, subject="Foto's", body="Dag")


@pytest.mark.parametrize("body", ["Dag {{ first_name }}", "Dag {{ first_name"])
def test_a_text_that_cannot_be_a_mail_is_told_why_in_words_and_stays(
    sales: Browser, outreach: Outreach, body: str
) -> None:
    outreach.mailbox()
    answer = sales.post(
        f"/prospects/{outreach.person(name='')}/write", {"once": ONCE, "subject": "Foto's", "body": body}
    )
    assert answer.status_code == 422
    found = re.search(r"Error: </span>(.*?)</span>", answer.text)
    assert found
    assert found[1].startswith("Something between two braces is not closed")
    assert box(answer.text) == body
