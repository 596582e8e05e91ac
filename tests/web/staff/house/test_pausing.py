"""Pausing on the pages: it holds, it can be taken back, and the page says what is true."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from crm.operations import alarms
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.staff.models import Role
from crm.workflows.holding.pause_end import is_paused
from crm.workflows.sending.claim import claim_batch
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail
from tests.web.staff.conftest import Browser, browser_of


@pytest.fixture
def enrolment(outreach: Outreach, clock: FakeClock) -> str:
    """The address of somebody's sequence whose mail is due."""
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail()))
    clock.now = NOW.replace(hour=15, minute=50)
    outreach.plan()
    return f"/prospects/{who}/series/{outreach.enrolments()[0].id}"


def paths(outreach: Outreach, enrolment: str) -> dict[Reach, str]:
    return {
        Reach.MAILBOX: f"/settings/mailboxes/{outreach.messages()[0].mailbox_id}",
        Reach.SEQUENCE: f"/sequences/{outreach.enrolments()[0].sequence_id}",
        Reach.ENROLMENT: enrolment,
    }


def did(browser: Browser, path: str, **form: str) -> str:
    answer = browser.post(path, form)
    assert answer.status_code == 303
    return parse_qs(urlsplit(answer.headers["Location"]).query)["did"][0]


def told(browser: Browser, path: str, **form: str) -> str:
    """The page that one comes back to, with what it says was done."""
    answer = browser.post(path, form)
    assert answer.status_code == 303
    return browser.get(answer.headers["Location"]).text


@pytest.mark.parametrize("reach", [Reach.MAILBOX, Reach.SEQUENCE, Reach.ENROLMENT])
def test_a_pause_holds_and_is_taken_back_with_one_press(
    admin: Browser, outreach: Outreach, enrolment: str, reach: Reach
) -> None:
    path = paths(outreach, enrolment)[reach]
    assert did(admin, f"{path}/pause") == "paused"
    assert outreach.dispatch().claimed == 0
    assert did(admin, f"{path}/resume") == "resumed"
    assert did(admin, f"{path}/resume") == "as_it_was"
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_the_page_says_when_a_mail_may_still_arrive(
    admin: Browser, outreach: Outreach, clock: FakeClock, enrolment: str
) -> None:
    claim_batch(outreach.services.database, outreach.services.settings, now=clock.now, real_now=clock.now)
    assert did(admin, "/settings/switch/paused", on="yes") == "paused_leaving"
    assert "may still arrive" in admin.get("/settings?did=paused_leaving").text


def test_one_person_is_paused_until_a_day_and_the_page_shows_it(
    sales: Browser, outreach: Outreach, enrolment: str
) -> None:
    assert did(sales, f"{enrolment}/pause", until="2026-03-20") == "paused"
    page = sales.get(enrolment.partition("/series")[0]).text
    assert "Paused by a colleague. Until Fri 20 Mar." in page
    assert did(sales, f"{enrolment}/resume") == "resumed"


@pytest.mark.parametrize("is_paused_before", [False, True])
def test_a_day_that_cannot_be_meant_stays_in_the_form_with_what_is_wrong(
    sales: Browser, outreach: Outreach, enrolment: str, *, is_paused_before: bool
) -> None:
    if is_paused_before:
        did(sales, f"{enrolment}/pause", until="2026-03-20")
    before = outreach.enrolments()[0].resumes_at
    answer = sales.post(f"{enrolment}/pause", {"until": "2026-03-01"})
    assert answer.status_code == 422
    assert 'value="2026-03-01"' in answer.text
    assert "Choose a day after today, within two years." in answer.text
    assert outreach.enrolments()[0].resumes_at == before


def test_a_running_pause_gets_another_end_or_none(
    sales: Browser, outreach: Outreach, clock: FakeClock, enrolment: str
) -> None:
    person = enrolment.partition("/series")[0]
    did(sales, f"{enrolment}/pause", until="2026-03-20")
    assert 'name="until" min="2026-03-03" value="2026-03-20"' in sales.get(person).text
    assert "Saved. Paused until Tue 10 Mar." in told(sales, f"{enrolment}/pause", until="2026-03-10")
    assert "Paused by a colleague. Until Tue 10 Mar." in sales.get(person).text
    clock.now = NOW.replace(day=10, hour=15, minute=50)
    outreach.plan()
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_a_running_pause_may_lose_its_end(sales: Browser, outreach: Outreach, enrolment: str) -> None:
    did(sales, f"{enrolment}/pause", until="2026-03-20")
    assert did(sales, f"{enrolment}/pause") == "end_gone"
    assert outreach.enrolments()[0].resumes_at is None


@pytest.mark.parametrize("reach", ["sequence", "mailbox", "everything"])
def test_a_running_pause_of_more_than_one_person_gets_another_end(
    admin: Browser, outreach: Outreach, clock: FakeClock, enrolment: str, reach: str
) -> None:
    numbers = {"sequence": outreach.enrolments()[0].sequence_id, "mailbox": outreach.messages()[0].mailbox_id}
    page = {
        "sequence": f"/sequences/{numbers['sequence']}",
        "mailbox": "/settings/limits",
        "everything": "/settings",
    }[reach]  # fmt: skip
    path = f"/pauses/{reach}/{numbers.get(reach, 0)}/end"
    assert admin.get(path).location == f"{page}?did=goes_on"
    on = {
        "sequence": f"{page}/pause", "mailbox": f"/settings/mailboxes/{numbers['mailbox']}/pause",
        "everything": "/settings/switch/paused",
    }[reach]  # fmt: skip
    admin.post(on, {"on": "yes"})
    assert f'href="{path}"' in admin.get(page).text
    refused = admin.post(path, {"until": "2026-03-01"})
    assert (refused.status_code, 'value="2026-03-01"' in refused.text) == (422, True)
    assert "Saved. Paused until Wed 4 Mar." in told(admin, path, until="2026-03-04")
    assert "until Wed 4 Mar</span>" in admin.get(page).text
    assert "Paused until Wed 4 Mar." in admin.get(path).text
    assert did(admin, path) == "end_gone"
    assert "Saved. Paused until tomorrow." in told(admin, path, until="2026-03-03")
    clock.now = NOW.replace(day=3, hour=10)
    outreach.plan()
    with outreach.services.database.reading() as session:
        assert not is_paused(session, Scope(Reach(reach), numbers.get(reach, 0)))


@pytest.fixture
def late(outreach: Outreach, clock: FakeClock) -> str:
    """The address of somebody's sequence whose first step was due long ago, and is asked about."""
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail(), mail(3, "Nog even")))
    clock.now = NOW.replace(day=16, hour=10)
    outreach.plan()
    return f"/prospects/{who}/series/{outreach.enrolments()[0].id}"


def test_a_late_step_is_skipped_and_the_next_one_comes_after_its_delay(
    late: str, sales: Browser, outreach: Outreach
) -> None:
    assert f'action="{late}/skip"' in sales.get(late.partition("/series")[0]).text
    assert did(sales, f"{late}/skip") == "step_skipped"
    [one] = outreach.enrolments()
    assert (one.state, one.position) == (EnrolmentState.RUNNING, 2)
    assert one.next_due_at
    assert one.next_due_at.date() == NOW.replace(day=19).date()
    assert "Should it still go" not in sales.get("/").text
    assert outreach.messages() == []


def test_a_late_step_is_answered_where_it_is_asked_about_and_not_ticked_off(
    late: str, sales: Browser, outreach: Outreach
) -> None:
    page = sales.get("/").text
    assert f'action="{late}/resume?from=today"' in page
    assert 'action="/tasks/1/done"' not in page + sales.get(late.partition("/series")[0]).text
    answer = sales.post(f"{late}/skip?from=today")
    assert answer.location == "/?did=step_skipped"
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_a_late_step_may_still_be_sent(late: str, sales: Browser, outreach: Outreach) -> None:
    assert "Send it after all" in sales.get(late.partition("/series")[0]).text
    did(sales, f"{late}/resume")
    outreach.plan()
    assert len(outreach.messages()) == 1


@pytest.mark.parametrize("how", ["stop", "refuse"])
def test_a_question_about_a_sequence_that_has_ended_is_nobodys(
    late: str, sales: Browser, outreach: Outreach, how: str
) -> None:
    assert "Should it still go" in sales.get("/").text
    if how == "stop":
        did(sales, f"{late}/stop")
    else:
        person = late.partition("/series")[0]
        sales.post(f"{person}/refuse", {"scope": "address", "words": "Nee, dank u."})
    assert outreach.enrolments()[0].state is EnrolmentState.STOPPED
    assert "Should it still go" not in sales.get("/").text


def test_skipping_the_last_step_ends_the_sequence(
    app: Flask, services: Services, outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail()))
    clock.now = NOW.replace(day=16, hour=10)
    outreach.plan()
    sales = browser_of(app, services, Role.SALES)
    did(sales, f"/prospects/{who}/series/{outreach.enrolments()[0].id}/skip")
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED


def test_only_a_late_step_is_skipped_and_only_once(late: str, sales: Browser, outreach: Outreach) -> None:
    assert [did(sales, f"{late}/skip") for _ in range(2)] == ["step_skipped", "as_it_was"]
    assert outreach.enrolments()[0].position == 2
    did(sales, f"{late}/pause")
    assert did(sales, f"{late}/skip") == "as_it_was"


@pytest.mark.parametrize("day", ["2026-03-02", "2020-01-01", "2029-01-01", "tomorrow", "0001-01-01"])
def test_a_day_that_is_none_ahead_changes_nothing(
    sales: Browser, outreach: Outreach, enrolment: str, day: str
) -> None:
    assert sales.post(f"{enrolment}/pause", {"until": day}).status_code == 422
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_nobody_pauses_somebody_elses_sequence_by_a_wrong_address(
    sales: Browser, outreach: Outreach, enrolment: str
) -> None:
    other = outreach.person()
    assert sales.post(f"/prospects/{other}/series/{enrolment.rpartition('/')[2]}/pause").status_code == 404


def test_an_alarm_stands_on_today_until_somebody_lets_the_sequence_go_on(
    admin: Browser, sales: Browser, services: Services, outreach: Outreach, enrolment: str
) -> None:
    sequence = outreach.enrolments()[0].sequence_id
    scope = Scope(Reach.SEQUENCE, sequence)
    detail = {"step": 1, "sent": 60, "count": 2}
    with services.database.transaction() as session:
        alarms.sound(session, "bounces", str(scope), detail=detail, at=outreach.now)
    resume = f"/sequences/{sequence}/resume"
    page = admin.get("/").text
    assert "2 of 60 mails of step 1 came back (3.3 %)." in page
    assert resume in page
    assert "came back" in sales.get("/").text
    assert "2 of 60 mails of step 1 came back" in sales.get(f"/sequences/{sequence}").text
    assert resume not in sales.get("/").text
    admin.post(resume)
    assert "came back" not in admin.get("/").text
