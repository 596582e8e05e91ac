"""Today: the queue that counts as the side bar does, and the way back from every act."""

from datetime import timedelta

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import select

from crm.audit import chain
from crm.conversations.models import NoteKind
from crm.delivery.models import Mailbox
from crm.operations import alarms, heartbeat
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import EnrolmentState, Sequence
from crm.services import Services
from crm.web.staff import times
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, hand_work, mail
from tests.web.staff.conftest import BASE, Browser


@pytest.fixture
def task(outreach: Outreach, sales: Browser) -> int:
    """A follow-up that is due later today."""
    said = Said(NoteKind.NOTE, "Belt over de offerte", follow_up_at=outreach.now + timedelta(hours=3))
    who = outreach.person(name="Jeroen Höfkens")
    with outreach.services.database.transaction() as session:
        _, promised, _ = log_note(session, who, said, by=sales.staff_id, now=outreach.now)
        assert promised is not None
        return promised.id


def test_the_side_bar_counts_what_today_shows(sales: Browser, task: int) -> None:
    page = sales.get("/").text
    assert "Jeroen Höfkens" in page
    assert '<span class="count" id="count-today">1</span>' in page
    assert "0 of 1 done" in page


@pytest.mark.parametrize("waiting", [50, 52])
def test_a_list_that_is_cut_says_so(sales: Browser, outreach: Outreach, waiting: int) -> None:
    who = outreach.person()
    with outreach.services.database.transaction() as session:
        for number in range(waiting):
            said = Said(NoteKind.NOTE, f"Belt {number}", follow_up_at=outreach.now + timedelta(hours=3))
            log_note(session, who, said, by=sales.staff_id, now=outreach.now)
    page = sales.get("/").text
    assert page.count('class="queue-item"') == 50
    assert ('<span class="count">50+</span>' in page, "The oldest 50." in page) == (
        waiting > 50,
        waiting > 50,
    )


def test_a_page_that_stays_open_overnight_learns_the_day_and_the_count(
    sales: Browser, task: int, outreach: Outreach, clock: FakeClock
) -> None:
    clock.advance(timedelta(hours=7))
    assert ">Monday 2 March</span>" in sales.get("/").text
    polls = {"HX-Request": "true", "X-Poll": "yes"}
    sales.post(f"/tasks/{task}/done")
    assert "1 of 1 done" in sales.get("/today/waiting", **polls).text
    clock.advance(timedelta(hours=7, minutes=30))
    answer = sales.get("/today/waiting", **polls).text
    day = answer.partition('<hx-partial hx-target="#today-day" hx-swap="outerHTML">')[2]
    assert day.startswith('<span class="muted small" id="today-day">Tuesday 3 March</span>')
    assert "done</span>" not in answer  # what was done yesterday is not counted today


def test_what_is_put_off_until_tomorrow_comes_back_by_undo(
    sales: Browser, task: int, outreach: Outreach
) -> None:
    answer = sales.client.post(
        f"/tasks/{task}/snooze",
        base_url=BASE,
        data={"csrf_token": sales.token},
        headers={"HX-Request": "true", "HX-Target": "desk"},
    ).text
    assert "Comes back tomorrow at 09:00" in answer
    assert "Jeroen" not in answer
    undo = answer.partition('hx-post="/tasks/')[2].partition('"')[0].replace("&amp;", "&")
    assert undo
    sales.post(f"/tasks/{undo}")
    assert "Jeroen Höfkens" in sales.get("/").text


def test_an_inbox_that_is_not_read_stands_above_everything(
    sales: Browser, outreach: Outreach, services: Services
) -> None:
    assert "is not read" not in sales.get("/").text
    now = services.clocks.real()
    with services.database.transaction() as session:
        heartbeat.beat(session, heartbeat.INBOX, at=now - timedelta(minutes=16))
        heartbeat.beat(session, heartbeat.SCHEDULER, at=now)
    page = sales.get("/").text
    assert "Mail from outside is not read." in page
    assert "could not be opened since 09:44" in page


def test_without_script_an_act_leads_back_to_the_queue_and_says_what_was_done(
    sales: Browser, task: int
) -> None:
    answer = sales.client.post(
        f"/tasks/{task}/done",
        base_url=BASE,
        data={"csrf_token": sales.token},
        headers={"Referer": f"{BASE}/today/task/{task}"},
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].partition("?")[0] == "/"
    page = sales.get(answer.headers["Location"]).text
    assert "Jeroen Höfkens" not in page
    toast = page.partition('id="toasts"')[2].partition("<template")[0]
    assert "<span>Done</span>" in toast
    assert f'action="/tasks/{task}/undo"' in toast
    sales.post(f"/tasks/{task}/undo")
    assert "Jeroen Höfkens" in sales.get("/").text


def test_what_a_page_says_was_done_is_said_by_us(sales: Browser) -> None:
    forged = URLSafeSerializer("another session's", salt="said").dumps(["Done", "/staff/1/promote"])
    for value in (forged, "", "x", forged[:-2]):
        toast = sales.get(f"/?said={value}").text.partition('id="toasts"')[2].partition("<template")[0]
        assert "promote" not in toast
        assert "<form" not in toast


def test_a_page_that_asks_by_itself_keeps_no_session_awake(
    sales: Browser, services: Services, clock: FakeClock
) -> None:
    polls = {"HX-Request": "true", "X-Poll": "yes"}
    last = 0
    for _ in range(9 * 6):  # nine hours of them; eight without a person end a session
        clock.advance(timedelta(minutes=10))
        last = sales.get("/around", **polls).status_code
    assert last == 401
    assert sales.get("/").status_code == 303


def test_what_stands_around_a_page_is_brought_up_to_date(sales: Browser, task: int) -> None:
    answer = sales.get("/around", **{"HX-Request": "true", "X-Poll": "yes"}).text
    assert '<hx-partial hx-target="#count-today" hx-swap="innerHTML">1</hx-partial>' in answer
    assert 'id="sending"' in answer


@pytest.mark.parametrize(
    ("kind", "title", "said"),
    [
        (alarms.GATE, "Nothing leaves.", "fails over every mail that is due (KeyError)"),
        (alarms.PLANNER, "The planner stands still.", "every pause that ends (KeyError)"),
    ],
)
def test_a_fault_of_ours_over_everything_stands_at_the_top(
    admin: Browser, outreach: Outreach, kind: str, title: str, said: str
) -> None:
    with outreach.services.database.transaction() as session:
        alarms.sound(session, kind, str(EVERYTHING), detail={"error": "KeyError"}, at=outreach.now)
    page = admin.get("/").text
    assert title in page
    assert said in page
    assert "Resume" not in page


def test_a_provider_that_is_away_is_named_with_its_mailbox_and_nothing_to_press(
    admin: Browser, outreach: Outreach
) -> None:
    box = outreach.mailbox()
    with outreach.services.database.transaction() as session:
        scope, why = str(Scope(Reach.MAILBOX, box)), {"reason": "unreachable"}
        alarms.sound(session, alarms.AWAY, scope, detail=why, at=outreach.now)
        address = session.scalar(select(Mailbox.address).where(Mailbox.id == box))
    page = admin.get("/").text
    assert f"Nothing leaves from {address}." in page
    assert "The mail server or service does not answer." in page
    assert "tried every quarter of an hour" in page
    assert "Resume" not in page


@pytest.mark.parametrize(
    ("kind", "scope", "detail", "said"),
    [
        (
            "our_proof",
            "mailbox",
            {"code": "5.7.26", "step": 1},
            "do not believe that the mail is ours. A mail came back for that (5.7.26).",
        ),
        (
            "content",
            "sequence",
            {"code": "", "step": 2},
            "A mail of step 2 came back for its size or its form (no code).",
        ),
        (
            "blocks",
            "sequence",
            {"step": 1, "sent": 60, "count": 3},
            "3 of 60 mails of step 1 were refused for what we are or wrote (5.0 %).",
        ),
    ],
)
def test_what_a_bounce_stopped_says_why_and_what_to_do(
    admin: Browser, outreach: Outreach, kind: str, scope: str, detail: dict[str, object], said: str
) -> None:
    sequence = outreach.sequence()
    with outreach.services.database.transaction() as session:
        box = session.get_one(Sequence, sequence).mailbox_id
        named = f"{scope} {sequence if scope == 'sequence' else box}"
        alarms.sound(session, kind, named, detail=detail, at=outreach.now)
        reach = Scope(Reach(scope), sequence if scope == "sequence" else box)
        pauses.write(session, reach, Wish(chain.PROGRAM, outreach.now, cause=kind))
    page = admin.get("/").text.replace("&#39;", "'")
    assert page.count(said) == 1
    assert "Resume" in page
    assert page.count('class="callout no"') == 1


def test_a_message_laid_aside_that_no_page_shows_is_on_today_until_somebody_saw_to_it(
    admin: Browser, outreach: Outreach
) -> None:
    detail = {"mail": "rights", "mailbox": outreach.mailbox(), "outcome": "crashes"}
    with outreach.services.database.transaction() as session:
        for number in (12, 13):
            alarms.sound(session, "laid_aside", f"message {number}", detail=detail, at=outreach.now)
    page = admin.get("/").text
    assert page.count("own data was not sent") == 2
    assert "A legal time limit may run" in page
    assert admin.post("/today/messages/12/seen", {}).status_code == 303
    page = admin.get("/").text
    assert "message 12" not in page
    assert "message 13" in page


def test_a_day_within_a_sentence_begins_small() -> None:
    shown = [times.inside(times.short(NOW + timedelta(days=days), NOW)) for days in (-1, 1, 4)]
    assert [one[0] for one in shown] == ["y", "t", "F"]


def test_a_question_about_a_paused_sequence_is_answered_by_resuming_it_or_leaving_it(
    sales: Browser, outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.enrol(who, outreach.sequence(mail()))
    outreach.person("bob@winkel.example", company_id=outreach.prospect(who).company_id)
    outreach.refuse("bob@winkel.example")
    clock.now = NOW.replace(hour=15, minute=50)
    outreach.plan()
    [one] = outreach.enrolments()
    assert one.state is EnrolmentState.PAUSED
    for path in ("/", f"/prospects/{who}"):
        page = sales.get(path).text
        assert "Leave it paused" in page
        assert f"/prospects/{who}/series/{one.id}/resume" in page


def test_a_step_by_hand_says_that_its_sequence_goes_on(
    sales: Browser, outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(hand_work(0, "Bel ze"), mail(1)))
    clock.now = NOW.replace(hour=15, minute=50)
    outreach.plan()
    for path in ("/", f"/prospects/{who}"):
        assert "Done, go on" in sales.get(path).text
