"""A second address of somebody: noted, heard from, taken away, and both can be undone."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import delete, select, update

from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.permission.reasons import Reason
from crm.privacy.models import RightsRequest
from crm.prospects.editing import AddressTakenError, ProspectChanges
from crm.prospects.import_models import RowOutcome
from crm.prospects.models import Prospect
from crm.prospects.second_addresses import SecondAddress
from crm.scheduler.jobs import timetable
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from tests.conftest import FakeClock
from tests.correspondence import Correspondence
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import BASE, Browser
from tests.workflows.people.test_add_prospect import add, row
from tests.workflows.people.test_edit_prospect import edit

pytestmark = pytest.mark.both_databases

OTHER = "anna.prive@elders.example"
UNDO = 'data-hot="z"'


@pytest.fixture
def talk(services: Services) -> Correspondence:
    return Correspondence(services)


def noted(browser: Browser, person: int, address: str = OTHER) -> str:
    """Note one; the page that one comes back to."""
    answer = browser.post(f"/prospects/{person}/addresses", {"address": address})
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["Location"]).text


def press(browser: Browser, page: str, path: str) -> str:
    """Press the button whose form goes there; the page that one comes back to."""
    found = re.search(rf'(?:action|data-undo|formaction)="([^"]*{path})"', page)
    assert found, path
    answer = browser.post(unescape(found[1]))
    assert answer.status_code == 303
    return browser.get(answer.headers["Location"]).text


def listed(browser: Browser, person: int) -> bool:
    return OTHER in browser.get(f"/prospects/{person}").text.lower()


def from_elsewhere(talk: Correspondence, text: str) -> None:
    """They write from it, to an address of ours that is in no mail to them."""
    talk.writes(text, sender=OTHER, to="sales@produfoto.example")


def state(talk: Correspondence) -> tuple[EnrolmentState, StopReason | None]:
    return talk.enrolment().state, talk.enrolment().stop_reason


def test_a_noted_address_is_shown_on_their_page(talk: Correspondence, sales: Browser) -> None:
    page = noted(sales, talk.person, " Anna.Prive@Elders.Example ")
    assert "Noted" in page
    assert listed(sales, talk.person)


def test_an_answer_from_an_address_that_nobody_noted_stops_nothing(talk: Correspondence) -> None:
    from_elsewhere(talk, "Dat lijkt me interessant, bel me morgen.")
    assert state(talk)[0] is EnrolmentState.RUNNING


def test_an_answer_from_a_noted_address_stops_the_sequence(talk: Correspondence, sales: Browser) -> None:
    noted(sales, talk.person)
    from_elsewhere(talk, "Dat lijkt me interessant, bel me morgen.")
    assert state(talk) == (EnrolmentState.STOPPED, StopReason.REPLIED)


def test_a_no_from_a_noted_address_is_a_no_of_the_person(talk: Correspondence, sales: Browser) -> None:
    noted(sales, talk.person)
    from_elsewhere(talk, "Haal me van de lijst, ik wil geen mail meer.")
    assert state(talk) == (EnrolmentState.STOPPED, StopReason.REFUSED)
    [found] = talk.outreach.enrol(talk.person, talk.outreach.sequence(mail()))
    assert found.due_at is None
    assert found.decision
    assert found.decision.has(Reason.ADDRESS_REFUSED)


def test_a_no_on_our_page_from_a_noted_address_is_a_no_of_the_person(
    talk: Correspondence, sales: Browser
) -> None:
    noted(sales, talk.person)
    assert sales.post("/objection", {"address": OTHER, "choice": "stop"}).status_code == 200
    assert state(talk) == (EnrolmentState.STOPPED, StopReason.REFUSED)
    [found] = talk.outreach.enrol(talk.person, talk.outreach.sequence(mail()))
    assert found.decision
    assert found.decision.has(Reason.ADDRESS_REFUSED)


def test_a_request_about_their_data_from_a_noted_address_starts_the_persons_clock(
    talk: Correspondence, sales: Browser
) -> None:
    noted(sales, talk.person)
    from_elsewhere(talk, "Welke gegevens hebben jullie van mij?")
    with talk.services.database.reading() as session:
        [request] = session.scalars(select(RightsRequest)).all()
    assert (request.kind, request.prospect_id) == ("access", talk.person)


def test_a_noted_address_becomes_no_prospect_of_its_own(
    talk: Correspondence, sales: Browser, services: Services
) -> None:
    noted(sales, talk.person)
    added = add(services, row(OTHER))
    assert added.prospect_id == talk.person
    stranger = talk.outreach.person("bas@stoelen.example")
    changes = ProspectChanges(address=EmailAddress.parse(OTHER))
    with pytest.raises(AddressTakenError):
        edit(services, talk.outreach.prospect(stranger), changes)


def test_a_no_covers_the_noted_addresses_too_and_outlasts_them(
    talk: Correspondence, sales: Browser, services: Services
) -> None:
    noted(sales, talk.person)
    talk.writes("Haal me van de lijst, ik wil geen mail meer.")
    with services.database.transaction() as session:
        session.execute(delete(SecondAddress))
    assert add(services, row(OTHER)).outcome is RowOutcome.REFUSED


def test_one_that_is_taken_away_is_heard_no_more_until_that_is_undone(
    talk: Correspondence, sales: Browser
) -> None:
    page = noted(sales, talk.person)
    page = press(sales, page, "/remove")
    assert not listed(sales, talk.person)
    press(sales, page, "/bring-back")
    assert listed(sales, talk.person)
    from_elsewhere(talk, "Dat lijkt me interessant, bel me morgen.")
    assert state(talk)[0] is EnrolmentState.STOPPED


def test_one_that_was_taken_away_is_not_heard(talk: Correspondence, sales: Browser) -> None:
    press(sales, noted(sales, talk.person), "/remove")
    from_elsewhere(talk, "Dat lijkt me interessant, bel me morgen.")
    assert state(talk)[0] is EnrolmentState.RUNNING


def test_noting_it_again_is_the_same_as_once(talk: Correspondence, sales: Browser) -> None:
    for _ in range(2):
        noted(sales, talk.person)
    press(sales, noted(sales, talk.person), "/remove")
    noted(sales, talk.person)
    assert sales.get(f"/prospects/{talk.person}").text.count(f">{OTHER}<") == 1


def test_noting_it_again_offers_no_undo_that_would_take_the_first_away(
    talk: Correspondence, sales: Browser
) -> None:
    assert UNDO in noted(sales, talk.person)
    page = noted(sales, talk.person)
    assert ("It was noted before" in page, UNDO in page) == (True, False)


@pytest.mark.parametrize("verb", ["remove", "bring-back"])
def test_an_undo_from_its_toast_is_answered_with_the_list_as_it_is_now(
    talk: Correspondence, sales: Browser, services: Services, verb: str
) -> None:
    noted(sales, talk.person)
    with services.database.reading() as session:
        [one] = session.scalars(select(SecondAddress)).all()
    base = f"/prospects/{talk.person}/addresses/{one.id}"
    if verb == "bring-back":
        sales.post(f"{base}/remove")
    answer = sales.client.post(
        f"{base}/{verb}", base_url=BASE, data={"csrf_token": sales.token}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert 'hx-target="#addresses"' in answer.text
    assert 'hx-target="#toasts"' in answer.text
    assert (f">{OTHER}<" in answer.text) is (verb == "bring-back")


def test_a_page_with_a_fault_that_is_loaded_again_is_the_persons(
    talk: Correspondence, sales: Browser
) -> None:
    answer = sales.get(f"/prospects/{talk.person}/addresses")
    assert (answer.status_code, answer.location) == (303, f"/prospects/{talk.person}")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "Type an address"),
        ("anna at elders", "Nothing was saved"),
        ("anna@winkel.example", "their own address already"),
        ("bob@elders.example", "another prospect"),
        ("sanne1@outreach.produfoto.example", "one of our own mailboxes"),
    ],
)
def test_what_cannot_be_one_is_refused_in_words_and_stays_in_the_form(
    talk: Correspondence, sales: Browser, services: Services, address: str, words: str
) -> None:
    talk.outreach.person("bob@elders.example")
    with services.database.transaction() as session:
        session.execute(update(Mailbox).values(address="sanne1@outreach.produfoto.example"))
    answer = sales.post(f"/prospects/{talk.person}/addresses", {"address": address})
    assert answer.status_code == 422
    assert words in answer.text
    assert ".." not in re.sub("<[^>]*>", "", answer.text)
    assert f'value="{address}"' in answer.text


def test_one_address_is_one_persons(talk: Correspondence, sales: Browser) -> None:
    noted(sales, talk.person)
    other = talk.outreach.person()
    answer = sales.post(f"/prospects/{other}/addresses", {"address": OTHER})
    assert (answer.status_code, "another prospect" in answer.text) == (422, True)


def test_an_address_that_said_no_before_is_noted_and_the_page_asks_for_the_no(
    talk: Correspondence, sales: Browser
) -> None:
    assert sales.post("/objection", {"address": OTHER, "choice": "stop"}).status_code == 200
    assert "said no from this address before" in noted(sales, talk.person)
    assert state(talk)[0] is EnrolmentState.RUNNING


def test_nothing_is_noted_of_somebody_whose_data_is_restricted(
    talk: Correspondence, admin: Browser, services: Services
) -> None:
    with services.database.transaction() as session:
        session.execute(
            update(Prospect).where(Prospect.id == talk.person).values(restricted_at=talk.outreach.now)
        )
    assert admin.post(f"/prospects/{talk.person}/addresses", {"address": OTHER}).status_code == 422
    assert not listed(admin, talk.person)


def test_nobody_takes_away_somebody_elses_by_a_wrong_address(
    talk: Correspondence, sales: Browser, outreach: Outreach
) -> None:
    noted(sales, talk.person)
    other = outreach.person()
    assert sales.post(f"/prospects/{other}/addresses/1/remove").status_code == 404
    assert listed(sales, talk.person)


def test_what_was_taken_away_is_gone_for_good_a_day_later(
    talk: Correspondence, sales: Browser, services: Services, clock: FakeClock
) -> None:
    press(sales, noted(sales, talk.person), "/remove")
    clock.advance(timedelta(days=1, minutes=1))
    [job] = [one for one in timetable(1.0) if one.name == "clear_away"]
    job.work(services, lambda: False)
    with services.database.reading() as session:
        assert session.scalars(select(SecondAddress)).all() == []
