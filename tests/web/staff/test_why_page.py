"""The page that says what comes next for somebody, and everything in its way."""

import re
from datetime import timedelta

from crm.audit import chain
from crm.operations import alarms
from crm.queries.leaving import Reach, Scope
from crm.sequences import pauses
from crm.sequences.models import StopReason
from crm.services import Services
from crm.workflows.sending import pause as pausing
from tests.conftest import FakeClock
from tests.outreach import Outreach, hand_work, mail
from tests.web.staff.conftest import Browser


def page(admin: Browser, person: int) -> str:
    text = re.sub(r"<[^>]+>", " ", admin.get(f"/prospects/{person}/why").text)
    return re.sub(r"\s+", " ", text)


def test_somebody_in_no_sequence_is_told_so_with_what_else_is_in_the_way(
    admin: Browser, outreach: Outreach
) -> None:
    said = page(admin, outreach.person(proven=False))
    assert "They are in no sequence" in said
    assert said.index("not_enrolled") < said.index("destination_denies")


def test_the_next_mail_is_told_with_its_time(admin: Browser, outreach: Outreach) -> None:
    person = outreach.person()
    [found] = outreach.enrol(person, outreach.sequence())
    assert found.due_at
    assert f"Next mail {found.due_at + timedelta(hours=1):%H:%M}" in page(admin, person)


def test_each_thing_that_holds_it_is_named(
    admin: Browser, outreach: Outreach, services: Services, clock: FakeClock
) -> None:
    box = outreach.mailbox(gap=timedelta(minutes=10))
    sequence = outreach.sequence(mail(), hand_work(0, "Bel ze"), mailbox=box)
    first, second = outreach.people(2)
    outreach.enrol([first, second], sequence)
    due = sorted(one.next_due_at for one in outreach.enrolments() if one.next_due_at)
    clock.now = due[-1]
    outreach.plan()
    outreach.dispatch()
    said = " ".join(page(admin, one) for one in (first, second))
    assert "The mailbox rests between two mails until" in said
    with services.database.transaction() as session:
        ids = [one.id for one in outreach.enrolments() if one.position == 1]
        pauses.pause(
            session, ids, StopReason.OUT_OF_OFFICE, at=clock.now, resumes_at=clock.now + timedelta(days=5)
        )
    said = " ".join(page(admin, one) for one in (first, second))
    assert "Their sequence is paused until" in said
    assert "they are away" in said


def test_a_task_that_is_open_is_what_it_waits_for(
    admin: Browser, outreach: Outreach, clock: FakeClock
) -> None:
    person = outreach.person()
    [found] = outreach.enrol(person, outreach.sequence(hand_work(0, "Bel ze"), mail(1)))
    assert found.due_at
    clock.now = found.due_at
    outreach.plan()
    said = page(admin, person)
    assert "A task has to be done first" in said
    assert "Bel" in said


def test_a_pause_names_the_guardrail_behind_it(
    admin: Browser, outreach: Outreach, services: Services, clock: FakeClock
) -> None:
    person, sequence = outreach.person(), outreach.sequence()
    [found] = outreach.enrol(person, sequence)
    assert found.due_at
    clock.now = found.due_at
    scope = Scope(Reach.SEQUENCE, sequence)
    with services.database.transaction() as session:
        alarms.sound(session, "bounces", str(scope), detail={"step": 1}, at=clock.now)
        pausing.write(session, scope, pausing.Wish(chain.PROGRAM, clock.now))
    said = page(admin, person)
    assert "sequence_paused" in said
    assert "a guardrail stopped it: too much of its mail came back" in said
