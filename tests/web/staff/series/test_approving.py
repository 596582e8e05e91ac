"""Approving first mails, changing one mail, and the dead links of a test, as people press them."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from crm.delivery.models import Message, MessageState
from crm.privacy.models import Refusal
from crm.sequences.models import Enrolment, EnrolmentState
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import BASE, Browser

_HIDDEN = {name: re.compile(rf'name="{name}"[^>]*value="(\w+)"') for name in ("step", "revision")}


@pytest.fixture
def waiting(outreach: Outreach, clock: FakeClock, admin: Browser) -> int:
    """A sequence whose one first mail waits."""
    sequence = outreach.sequence(mail(), mail(3, ""))
    admin.post(f"/sequences/{sequence}/first-mails/wait")
    outreach.enrol(outreach.person(name="Zoë van den IJssel"), sequence)
    clock.now = NOW.replace(hour=12)
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    outreach.plan()
    return sequence


def test_what_waits_is_shown_as_its_reader_would_get_it(sales: Browser, waiting: int) -> None:
    page = sales.get("/approve").text
    assert "Zoë van den IJssel" in page
    assert "Dag Zoë," in page


def test_an_empty_list_says_what_it_is_for(sales: Browser) -> None:
    assert "Nothing waits for approval" in sales.get("/approve").text


def test_pressing_approve_lets_it_go(sales: Browser, waiting: int, outreach: Outreach) -> None:
    answer = sales.post("/approve", {"mail": outreach.messages()[0].public_id, "act": "approve"})
    assert answer.location == "/approve?did=approved"
    outreach.plan()
    assert outreach.states() == [MessageState.DUE]


def test_nothing_is_chosen_before_somebody_chose_it(sales: Browser, waiting: int) -> None:
    boxes = re.compile(r'<input type="checkbox" name="mail"[^>]*>')
    [box] = boxes.findall(sales.get("/approve").text)
    [chosen] = boxes.findall(sales.get("/approve?chosen=all").text)
    assert (" checked" in box, " checked" in chosen) == (False, True)


def test_a_mails_own_button_approves_that_one_whatever_else_is_chosen(
    sales: Browser, waiting: int, outreach: Outreach
) -> None:
    other = outreach.person(name="Jan van der Meer")
    outreach.enrol(other, waiting)
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=outreach.now))
    outreach.plan()
    ids = {one.prospect_id: one.public_id for one in outreach.messages()}
    assert f'name="only" value="{ids[other]}"' in sales.get("/approve").text
    sales.post("/approve", {"mail": list(ids.values()), "only": ids[other]})
    assert {one.prospect_id for one in outreach.enrolments() if one.approved_at} == {other}


def test_beside_a_mail_stands_when_it_would_leave_at_the_earliest(
    sales: Browser, waiting: int, clock: FakeClock, services: Services
) -> None:
    assert "as soon as it is approved, in their office hours" in sales.get("/approve").text
    with services.database.transaction() as session:
        session.execute(update(Message).values(due_at=clock.now + timedelta(days=1)))
    assert "tomorrow 13:00 at the earliest" in sales.get("/approve").text


def test_the_second_of_two_colleagues_is_told(sales: Browser, waiting: int, outreach: Outreach) -> None:
    form = {"mail": outreach.messages()[0].public_id, "act": "approve"}
    sales.post("/approve", form)
    assert sales.post("/approve", form).location == "/approve?did=some_were_done"


def test_not_writing_to_them_stops_their_sequence(sales: Browser, waiting: int, outreach: Outreach) -> None:
    sales.post("/approve", {"mail": outreach.messages()[0].public_id, "act": "turn_down"})
    assert [one.state for one in outreach.enrolments()] == [EnrolmentState.STOPPED]


def test_not_writing_to_several_is_asked_about_by_name(
    sales: Browser, waiting: int, outreach: Outreach
) -> None:
    outreach.enrol(outreach.person(name="Jan van der Meer"), waiting)
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=outreach.now))
    outreach.plan()
    ids = [one.public_id for one in outreach.messages()]
    form: dict[str, str | list[str]] = {"mail": ids, "act": "turn_down"}
    asked = sales.post("/approve", form)
    assert asked.status_code == 200
    assert all(name in asked.text for name in ("Zoë van den IJssel", "Jan van der Meer", "these 2"))
    assert {one.state for one in outreach.enrolments()} == {EnrolmentState.RUNNING}
    sales.post("/approve", {**form, "sure": "yes"})
    assert {one.state for one in outreach.enrolments()} == {EnrolmentState.STOPPED}
    assert sales.post("/approve", form).location == "/approve?did=some_were_done"


def opened(browser: Browser, enrolment_id: int) -> dict[str, str]:
    """What the form carries unseen."""
    page = browser.get(f"/series/{enrolment_id}/next-mail").text
    return {name: _HIDDEN[name].search(page)[1] for name in _HIDDEN}  # type: ignore[index] # it is there


def test_words_are_changed_for_one_person(sales: Browser, waiting: int, outreach: Outreach) -> None:
    [one] = outreach.enrolments()
    path = f"/series/{one.id}/next-mail"
    page = sales.get(path).text
    assert "Dag Zoë," in page
    sales.post(path, {"subject": "Een vraag", "body": "Dag Zoë,\n\nMag het?", **opened(sales, one.id)})
    outreach.plan()
    assert outreach.messages()[0].subject_line == "Een vraag"


def test_the_second_of_two_colleagues_loses_nothing_and_reads_what_the_first_wrote(
    sales: Browser, admin: Browser, waiting: int, outreach: Outreach
) -> None:
    [one] = outreach.enrolments()
    path = f"/series/{one.id}/next-mail"
    mine, theirs = opened(sales, one.id), opened(admin, one.id)
    admin.post(path, {"subject": "Van de eerste", "body": "Dag Zoë, eerst.", **theirs})
    late = {"subject": "Van de tweede", "body": "Dag Zoë, daarna.", **mine}
    answer = sales.post(path, late)
    assert answer.status_code == 409
    assert all(
        words in answer.text for words in ("have changed since", "Dag Zoë, eerst.", "Dag Zoë, daarna.")
    )
    again = {name: _HIDDEN[name].search(answer.text)[1] for name in _HIDDEN}  # type: ignore[index] # it is there
    done = sales.post(f"{path}?from=approve", {**late, **again})
    assert done.location == "/approve?did=reworded_held"
    assert "waits here in a minute" in sales.get(done.location).text
    outreach.plan()
    assert outreach.messages()[0].subject_line == "Van de tweede"


def test_a_fault_in_the_words_is_said_and_nothing_typed_is_lost(
    sales: Browser, waiting: int, outreach: Outreach
) -> None:
    [one] = outreach.enrolments()
    form = {"subject": "Een vraag", "body": "Dag {{ nobody }}", **opened(sales, one.id)}
    answer = sales.post(f"/series/{one.id}/next-mail", form)
    assert answer.status_code == 422
    assert "There is no field" in answer.text
    assert "Dag {{ nobody }}" in answer.text


def test_a_mail_in_a_workers_hand_cannot_be_changed(
    sales: Browser, waiting: int, outreach: Outreach, services: Services
) -> None:
    [one] = outreach.enrolments()
    with services.database.transaction() as session:
        session.execute(update(Message).values(state=MessageState.CLAIMED))
    form = {"subject": "Een vraag", "body": "Te laat", **opened(sales, one.id)}
    answer = sales.post(f"/series/{one.id}/next-mail", form)
    assert answer.status_code == 409
    assert "is leaving or has left" in answer.text


def test_a_test_goes_to_the_colleague_who_asks(admin: Browser, waiting: int, outreach: Outreach) -> None:
    assert "said=" in (admin.post(f"/sequences/{waiting}/test").location or "")
    found = [one for one in outreach.messages() if one.prospect_id is None]
    assert {one.recipient for one in found} == {"admin@produfoto.example"}
    assert all(one.subject_line.startswith("[Test] ") for one in found)


@pytest.mark.parametrize("path", ["/u/test", "/about/test"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_tests_link_says_so_and_changes_nothing(
    app: Flask, services: Services, path: str, method: str
) -> None:
    answer = app.test_client().open(
        path, method=method, base_url=BASE, headers={"Accept-Language": "nl"}, data={"choice": "address"}
    )
    assert (answer.status_code, "Dit was een test" in answer.text) == (200, True)
    with services.database.reading() as session:
        assert session.scalars(select(Refusal)).all() == []


def test_the_side_bar_says_that_mails_wait_for_approval(sales: Browser, waiting: int) -> None:
    bar = sales.get("/approve").text.partition('id="sending"')[2].partition("</div>")[0]
    assert "1 waits for approval." in bar
    assert "Nothing waits" not in bar
