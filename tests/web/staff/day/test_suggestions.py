"""Today says what a reply probably is, and one key takes the suggestion."""

from datetime import date

import pytest
from sqlalchemy import update

from crm.replies.models import InboundMail
from crm.services import Services
from crm.workflows.inbox.handle_reply import Label
from tests.correspondence import Correspondence
from tests.web.staff.conftest import Browser


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def test_who_puts_us_off_can_be_put_off_with_one_key(talk: Correspondence, sales: Browser) -> None:
    mail = talk.writes("Niet nu, probeer het na de zomer nog eens.")
    page = sales.get("/").text
    assert "They put us off." in page
    assert "Not now: until 1 September" in page
    assert 'data-hot="a"' in page
    sales.post(f"/replies/{mail.id}/later")
    found = talk.enrolment()
    assert found.resumes_at is not None
    assert found.resumes_at.date() == date(2026, 9, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Kunt u een offerte sturen?", "They ask for a call, a price or an example."),
        ("Ik ga hier niet over, dat is Bram.", "They name somebody else."),
        ("Ik wil me niet afmelden hoor.", "It has words of a no, and turns them."),
        ("Tja.", "Nothing in it says that it is an ordinary answer."),
    ],
)
def test_a_reply_lands_on_today_with_what_it_probably_is(
    talk: Correspondence, sales: Browser, text: str, said: str
) -> None:
    talk.writes(text)
    assert said in sales.get("/").text


def test_an_ordinary_answer_has_no_suggestion(talk: Correspondence, sales: Browser) -> None:
    talk.writes("Wij verkopen vooral lampen op onze website.")
    assert 'data-hot="a"' not in sales.get("/").text


def test_a_reply_stands_on_the_timeline(talk: Correspondence, sales: Browser) -> None:
    talk.writes("Kunt u een offerte sturen?")
    assert "Kunt u een offerte sturen?" in sales.get(f"/prospects/{talk.person}").text


def test_only_a_doubt_can_be_told_to_go_on(talk: Correspondence, sales: Browser) -> None:
    mail = talk.writes("Kunt u een offerte sturen?")
    assert "Not a no: go on" not in sales.get("/").text
    with talk.services.database.transaction() as session:
        session.execute(update(InboundMail).where(InboundMail.id == mail.id).values(kind="unclear"))
    assert "Not a no: go on" in sales.get("/").text
    assert sales.post(f"/replies/{mail.id}/{Label.GO_ON}").status_code == 303
