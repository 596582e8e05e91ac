"""A prospect's page: what is written down there, and what it tells of everything that happened."""

import re
from datetime import timedelta

from sqlalchemy import select

from crm.conversations.models import Note, NoteKind, Task
from crm.queries.pages.prospect import sheet
from crm.queries.pages.rows import rows
from crm.services import Services
from crm.workflows.desk.log_note import Said, log_note
from tests.conftest import FakeClock
from tests.outreach import Outreach
from tests.web.staff.conftest import Browser

DAY = "on"


def kept(services: Services) -> tuple[int, list[Task]]:
    with services.database.reading() as session:
        return len(session.scalars(select(Note)).all()), list(session.scalars(select(Task)))


def test_a_follow_up_falls_on_the_day_that_was_picked(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    who = outreach.person()
    saturday = (outreach.now + timedelta(days=5)).date()
    answer = sales.post(
        f"/prospects/{who}/notes",
        {"kind": "call", "body": "Belt terug", "follow_up": DAY, "follow_on": saturday.isoformat()},
    )
    assert answer.status_code == 303
    number, [task] = kept(services)
    assert (number, task.due_at.date(), task.title) == (1, saturday, "Belt terug")


def test_a_day_that_is_missing_or_over_is_asked_for_and_the_note_stays(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    who = outreach.person()
    yesterday = (outreach.now - timedelta(days=1)).date().isoformat()
    for day, words in (("", "Choose the day of the follow-up"), (yesterday, "Choose a day from today on")):
        answer = sales.post(
            f"/prospects/{who}/notes",
            {"kind": "note", "body": "Wil nadenken", "follow_up": DAY, "follow_on": day},
        )
        assert answer.status_code == 422
        assert words in answer.text
        assert "Wil nadenken" in answer.text
    assert kept(services) == (0, [])


def test_the_timeline_tells_what_we_wrote_and_what_they_told_us(
    sales: Browser, outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person("anna@kaarsen.example", name="Anna de Boer")
    outreach.enrol(who, outreach.sequence())
    due_at = outreach.enrolments()[0].next_due_at
    assert due_at is not None
    clock.now = due_at
    outreach.plan()
    clock.advance(timedelta(minutes=15))
    outreach.dispatch()
    outreach.refuse("anna@kaarsen.example")
    page = sales.get(f"/prospects/{who}").text
    timeline = page.partition('id="timeline"')[2].partition("</ol></li></ol>")[0]
    assert "Dag Anna," in timeline
    assert "told us never to contact them again, on the page behind the link" in timeline


def test_the_day_of_erasure_stands_on_the_page(sales: Browser, outreach: Outreach) -> None:
    page = sales.get(f"/prospects/{outreach.person()}").text
    assert "Erased on" in page
    assert "2 Mar 2027" in page


def test_words_of_a_note_find_whom_it_is_about(sales: Browser, outreach: Outreach) -> None:
    who = outreach.person(name="Bas Bakker")
    outreach.person(name="Anna de Boer")
    said = Said(NoteKind.NOTE, "Zoekt iemand voor de kerstcollectie, liefst voor Sinterklaas")
    with outreach.services.database.transaction() as session:
        log_note(session, who, said, by=sales.staff_id, now=outreach.now)
    plain = sales.get("/prospects?q=sinterklaas").text
    assert "Nobody matches" in plain
    assert "Look in notes" in plain
    found = sales.get("/prospects?q=sinterklaas&in=notes").text
    assert "Bas Bakker" in found
    assert "Anna de Boer" not in found
    assert "liefst voor Sinterklaas" in found
    assert "liefst voor Sinterklaas" in sales.get("/jump?q=kerstcollectie").text


def test_a_stage_that_ends_a_sequence_says_so(sales: Browser, outreach: Outreach) -> None:
    person = outreach.person()
    outreach.enrol(person, outreach.sequence())
    page = sales.get(f"/prospects/{person}").text
    assert "Meeting, converted and lost stop their sequence" in page
    told = [
        sales.get(sales.post(f"/prospects/{person}/status", {"status": one}).location or "").text
        for one in ("contacted", "meeting", "lost")
    ]
    said = "Their sequence has stopped: only enrolling starts one again."
    assert [said in one for one in told] == [False, True, False]


def test_the_sequence_that_somebody_is_in_is_not_in_the_way_of_its_own_mails(
    sales: Browser, services: Services, outreach: Outreach
) -> None:
    """In the list, on the page and beside the answer: it is the others that have to wait for it."""
    who = outreach.person("anna@kaarsen.example", name="Anna de Boer")
    outreach.enrol(who, outreach.sequence())
    with services.database.reading() as session:
        [row] = rows(session, [who], now=outreach.now, settings=services.settings)
        page = sheet(session, who, now=outreach.now, settings=services.settings)
    assert row.decision.allows
    assert page.may_write.allows
    assert "in another sequence" not in sales.get("/prospects").text
    assert "They are in another sequence" not in sales.get(f"/prospects/{who}").text


def beside_a_no(outreach: Outreach) -> int:
    """Somebody at whose company a colleague told us to stop."""
    who = outreach.person("ann@winkel.example", name="Ann Visser")
    outreach.mailbox()
    outreach.person("bob@winkel.example", company_id=outreach.prospect(who).company_id)
    outreach.refuse("bob@winkel.example")
    return who


def test_a_colleagues_no_holds_back_sequences_and_the_page_says_that_a_mail_by_hand_may_go(
    sales: Browser, outreach: Outreach
) -> None:
    page = sales.get(f"/prospects/{beside_a_no(outreach)}").text
    card = page.partition('id="verdict"')[2].partition("</section>")[0]
    assert "Only by hand" in card
    assert 'By hand<span class="unseen">: Yes</span>' in card
    assert 'Sequence<span class="unseen">: Not yet</span>' in card
    assert card.count("This holds back sequences, not a mail by hand.") == 1
    assert re.search(r'<a class="button[^>]*/write"', page)


def test_what_holds_back_a_mail_by_hand_stands_on_the_button_that_would_write_it(
    sales: Browser, outreach: Outreach
) -> None:
    who = outreach.person("ann@winkel.example")
    outreach.mailbox()
    outreach.refuse("ann@winkel.example")
    page = sales.get(f"/prospects/{who}").text
    assert not re.search(r'<a class="button[^>]*/write"', page)
    assert 'By hand<span class="unseen">: No</span>' in page
