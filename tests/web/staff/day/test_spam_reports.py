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


def test_it_is_the_providers_and_tells_whom_it_names_and_about_which_mail(
    talk: Correspondence, sales: Browser
) -> None:
    report = {"Original-Rcpt-To": "anna@winkel.example"}
    talk.arrives(spam_report(report=report, enclosed={"Date": "Mon, 02 Mar 2026 10:00:00 +0100"}))
    page = sales.get("/").text
    card = page[page.index('<article class="mail theirs">') :].partition("</article>")[0]
    assert "fbl@provider.example" in card
    assert all(words in card for words in ("anna@winkel.example", "Foto&#39;s", "Mon, 02 Mar 2026"))
    assert "Anna" not in card
    assert "Write down a no" in page


def test_of_somebody_whose_sequence_is_over_it_does_not_say_that_it_waits(
    talk: Correspondence, sales: Browser
) -> None:
    sales.post(f"/prospects/{talk.person}/series/{talk.enrolment().id}/stop")
    about_anna(talk)
    page = sales.get("/").text
    assert ("sequences wait" in page, "Not a no: go on" in page) == (False, False)
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
    assert 'href="/prospects"' in page[page.index('id="pane"') :]
    sales.post(f"/replies/{mail}/done")
    assert "Nobody could be found for it" not in sales.get("/").text


def test_it_names_the_text_where_our_feedback_id_is_left(talk: Correspondence, sales: Browser) -> None:
    feedback_id = str(message_from_bytes(talk.ours.wire)["Feedback-ID"])
    talk.arrives(spam_report(enclosed={"Feedback-ID": feedback_id}))
    assert f'href="/sequences/{talk.sequence}">step 1 of' in sales.get("/").text


def test_one_that_names_a_company_alone_says_that_it_waits(talk: Correspondence, sales: Browser) -> None:
    talk.arrives(spam_report(report={"Original-Rcpt-To": "redacted@winkel.example"}))
    page = sales.get("/").text
    assert "Nobody could be found for it" in page
    assert "The report names nobody we know, but an address at" in page
    assert "Nobody was stopped" not in page
