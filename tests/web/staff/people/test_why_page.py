"""The page that says what comes next for somebody, and everything in its way."""

import re
from datetime import timedelta

from sqlalchemy import delete

from crm.audit import chain
from crm.operations import alarms
from crm.permission.models import Evidence
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences import pauses
from crm.sequences.models import StopReason
from crm.services import Services
from crm.workflows.holding import pause as pausing
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
    assert said.index("They are in no sequence") < said.index("The rules of the Netherlands are not met")


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
    assert "They are away." in said


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
    assert "The sequence is paused" in said
    assert "A guardrail stopped it: too much of its mail came back" in said


def test_hand_work_is_called_a_task_and_what_only_a_mail_needs_is_not_in_its_way(
    admin: Browser, outreach: Outreach
) -> None:
    person = outreach.person()
    outreach.enrol(person, outreach.sequence(hand_work(3, "Bel ze"), mail(1)))
    with outreach.services.database.transaction() as session:
        session.execute(delete(Evidence))
    head = page(admin, person).partition("A mail of a sequence")[0]
    assert "Their next step comes by itself" in head
    assert "Next task" in head
    assert "The next step is not due yet" in head
    assert "The rules of the Netherlands are not met" not in head


def test_no_word_of_the_program_stands_on_the_page(admin: Browser, outreach: Outreach) -> None:
    person = outreach.person(proven=False)
    outreach.enrol(person, outreach.sequence())
    words = set(re.findall(r"\b[a-z]+_[a-z_]+\b", page(admin, person)))
    assert not words


def test_the_sequence_that_they_are_in_is_not_in_the_way_of_its_own_mails(
    admin: Browser, outreach: Outreach
) -> None:
    person = outreach.person()
    outreach.enrol(person, outreach.sequence())
    assert "They are in another sequence" not in page(admin, person)
