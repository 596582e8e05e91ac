"""A spam report without proof stands on Today, and says what it means and what to do."""

from email import message_from_bytes

import pytest

from crm.sequences.models import EnrolmentState
from crm.services import Services
from tests.correspondence import Correspondence, spam_report
from tests.web.staff.conftest import Browser


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def about_anna(talk: Correspondence) -> int:
    return talk.arrives(spam_report(report={"Original-Rcpt-To": "anna@winkel.example"})).id


def test_one_that_names_somebody_says_that_only_their_sequences_wait(
    talk: Correspondence, sales: Browser
) -> None:
    about_anna(talk)
    page = sales.get("/").text
    assert "they marked a mail as spam" in page
    assert "only their sequences wait" in page
    assert "write it down as a no" in page
    assert f"/prospects/{talk.person}/refuse" in page


def test_it_can_be_told_to_go_on(talk: Correspondence, sales: Browser) -> None:
    mail = about_anna(talk)
    assert "Not a no: go on" in sales.get("/").text
    sales.post(f"/replies/{mail}/go_on")
    assert talk.enrolment().state is EnrolmentState.RUNNING
    assert "marked a mail as spam" not in sales.get("/").text


def test_going_on_can_be_taken_back(talk: Correspondence, sales: Browser) -> None:
    mail = about_anna(talk)
    sales.post(f"/replies/{mail}/go_on")
    sales.post(f"/replies/{mail}/take-back")
    assert talk.enrolment().state is EnrolmentState.PAUSED
    assert "they marked a mail as spam" in sales.get("/").text


def test_a_provider_is_not_answered(talk: Correspondence, sales: Browser) -> None:
    mail = about_anna(talk)
    assert f"to={mail}" not in sales.get("/").text


def test_the_timeline_does_not_state_what_nobody_proved(talk: Correspondence, sales: Browser) -> None:
    about_anna(talk)
    page = sales.get(f"/prospects/{talk.person}").text
    assert "may have reported a mail as spam" in page
    assert "reported it as spam" not in page


def test_the_timeline_states_what_is_proven(talk: Correspondence, sales: Browser) -> None:
    reply_to = str(message_from_bytes(talk.ours.wire)["Reply-To"])
    talk.arrives(spam_report(enclosed={"Reply-To": reply_to}))
    assert "reported it as spam" in sales.get(f"/prospects/{talk.person}").text
    assert "spam" not in sales.get("/").text


def test_one_that_names_nobody_says_so_and_can_be_put_away(talk: Correspondence, sales: Browser) -> None:
    mail = talk.arrives(spam_report()).id
    page = sales.get("/").text
    assert "Nobody could be found for it" in page
    assert "This report is" not in page
    sales.post(f"/replies/{mail}/done")
    assert "Nobody could be found for it" not in sales.get("/").text


def test_it_names_the_text_where_our_feedback_id_is_left(talk: Correspondence, sales: Browser) -> None:
    feedback_id = str(message_from_bytes(talk.ours.wire)["Feedback-ID"])
    talk.arrives(spam_report(enclosed={"Feedback-ID": feedback_id}))
    assert f'href="/sequences/{talk.sequence}">step 1 of' in sales.get("/").text
