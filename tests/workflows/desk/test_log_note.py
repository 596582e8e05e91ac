"""Notes with all that follows from them, and taking them back."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit.chain import Actor
from crm.conversations import notes
from crm.conversations.models import Note, NoteKind, Task
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.queries.pages.today import due_tasks
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.staff.models import Role
from crm.workflows.desk.log_note import Said, bring_back_note, log_note, take_back_note
from crm.workflows.holding.pause import Wish, resume
from crm.workflows.refusals.stop_series import stop_series_of
from tests.conftest import FakeClock
from tests.outreach import Outreach, hand_work, mail
from tests.web.staff.conftest import account

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def sanne(services: Services) -> int:
    return account(services, Role.SALES)


def noted(outreach: Outreach, who: int, said: Said, *, by: int) -> int:
    with outreach.services.database.transaction() as session:
        note, _, _ = log_note(session, who, said, by=by, now=outreach.now)
        return note.id


def taken_back(outreach: Outreach, note: int, *, by: int) -> bool:
    with outreach.services.database.transaction() as session:
        return take_back_note(session, note, by=by, now=outreach.now)


def titles(outreach: Outreach, staff_id: int) -> list[str]:
    until = outreach.now + timedelta(days=30)
    with outreach.services.database.reading() as session:
        return [item.what for item in due_tasks(session, staff_id=staff_id, until=until)]


def stage(outreach: Outreach, who: int) -> Status:
    with outreach.services.database.reading() as session:
        return session.get_one(Prospect, who).status


def later(outreach: Outreach, text: str = "Belt volgende week") -> Said:
    return Said(NoteKind.NOTE, text, follow_up_at=outreach.now + timedelta(days=7))


def test_a_note_that_is_taken_back_takes_its_follow_up_along_and_brings_it_back(
    outreach: Outreach, sanne: int
) -> None:
    note = noted(outreach, outreach.person(), later(outreach), by=sanne)
    assert titles(outreach, sanne) == ["Belt volgende week"]
    assert taken_back(outreach, note, by=sanne)
    assert titles(outreach, sanne) == []
    with outreach.services.database.transaction() as session:
        assert bring_back_note(session, note, by=sanne, now=outreach.now)
    assert titles(outreach, sanne) == ["Belt volgende week"]


def test_what_was_cleared_away_does_not_come_back_as_a_follow_up_without_a_note(
    outreach: Outreach, sanne: int, clock: FakeClock
) -> None:
    note = noted(outreach, outreach.person(), later(outreach), by=sanne)
    taken_back(outreach, note, by=sanne)
    clock.advance(notes.UNDO + timedelta(minutes=1))
    with outreach.services.database.transaction() as session:
        assert notes.clear_away(session, at=outreach.now) == 1
    assert titles(outreach, sanne) == []


def test_pressing_save_twice_is_one_note_and_one_follow_up(outreach: Outreach, sanne: int) -> None:
    who = outreach.person()
    said = Said(NoteKind.NOTE, "Een keer", outreach.now + timedelta(days=1), dedupe_key="one-press")
    assert noted(outreach, who, said, by=sanne) == noted(outreach, who, said, by=sanne)
    with outreach.services.database.reading() as session:
        assert len(session.scalars(select(Note)).all()) == len(session.scalars(select(Task)).all()) == 1


def test_a_colleague_cannot_take_a_note_back(outreach: Outreach, sanne: int) -> None:
    note = noted(outreach, outreach.person(), later(outreach), by=sanne)
    assert not taken_back(outreach, note, by=sanne + 1)
    assert titles(outreach, sanne) == ["Belt volgende week"]


def test_a_meeting_stops_their_sequence_until_the_note_is_taken_back(outreach: Outreach, sanne: int) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(mail(5)))
    due_at = outreach.enrolments()[0].next_due_at
    note = noted(outreach, who, Said(NoteKind.MEETING, "Gesproken op de beurs"), by=sanne)
    [stopped] = outreach.enrolments()
    assert (stopped.state, stopped.stop_reason) == (EnrolmentState.STOPPED, StopReason.MEETING)
    assert stage(outreach, who) is Status.MEETING
    taken_back(outreach, note, by=sanne)
    [running] = outreach.enrolments()
    assert running.state is EnrolmentState.RUNNING
    assert due_at
    assert running.next_due_at
    assert running.next_due_at.date() == due_at.date()
    assert stage(outreach, who) is Status.NEW


def test_a_meeting_taken_back_brings_nothing_back_beside_a_newer_sequence(
    outreach: Outreach, sanne: int
) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence())
    note = noted(outreach, who, Said(NoteKind.MEETING, "Gesproken op de beurs"), by=sanne)
    outreach.enrol(who, outreach.sequence())
    taken_back(outreach, note, by=sanne)
    states = [one.state for one in outreach.enrolments()]
    assert states == [EnrolmentState.STOPPED, EnrolmentState.RUNNING]


def test_a_stage_that_a_colleague_set_since_stays_when_a_meeting_is_taken_back(
    outreach: Outreach, sanne: int, clock: FakeClock
) -> None:
    who = outreach.person()
    note = noted(outreach, who, Said(NoteKind.MEETING, "Gesproken"), by=sanne)
    clock.advance(timedelta(minutes=5))
    with outreach.services.database.transaction() as session:
        statuses.move(session, who, Status.LOST, at=outreach.now, by=sanne)
    taken_back(outreach, note, by=sanne)
    assert stage(outreach, who) is Status.LOST


def planned(outreach: Outreach, clock: FakeClock) -> None:
    due_at = outreach.enrolments()[0].next_due_at
    assert due_at is not None
    clock.now = due_at
    outreach.plan()


def test_hand_work_of_a_sequence_that_was_stopped_is_nobodys_work(
    outreach: Outreach, sanne: int, clock: FakeClock
) -> None:
    who = outreach.person()
    outreach.enrol(who, outreach.sequence(hand_work(), mail(3)))
    planned(outreach, clock)
    assert titles(outreach, sanne) == ["Bel even op"]
    [enrolment] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        stop_series_of(session, who, enrolment.id, at=outreach.now)
    assert titles(outreach, sanne) == []


def test_letting_a_sequence_go_on_answers_what_the_program_asked(
    outreach: Outreach, sanne: int, clock: FakeClock
) -> None:
    who = outreach.person()
    broken = mail(body="Dag {{ role }},\n\nWij maken foto's.")
    outreach.enrol(who, outreach.sequence(broken))
    with outreach.services.database.transaction() as session:
        session.get_one(Prospect, who).role = ""
    planned(outreach, clock)
    [waiting] = outreach.enrolments()
    assert waiting.state is EnrolmentState.PAUSED
    assert len(titles(outreach, sanne)) == 1
    with outreach.services.database.transaction() as session:
        wish = Wish(by=Actor.staff(sanne), at=outreach.now)
        assert resume(session, Scope(Reach.ENROLMENT, waiting.id), wish)
    assert titles(outreach, sanne) == []
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_the_same_words_a_moment_later_are_the_note_there_is(
    outreach: Outreach, sanne: int, clock: FakeClock
) -> None:
    who, said = outreach.person(), later(outreach)
    first = noted(outreach, who, said, by=sanne)
    clock.advance(timedelta(minutes=2))
    assert noted(outreach, who, said, by=sanne) == first
    assert titles(outreach, sanne) == ["Belt volgende week"]


def test_the_same_words_are_a_new_note_once_something_else_is_true(
    outreach: Outreach, services: Services, sanne: int, clock: FakeClock
) -> None:
    daan = account(services, Role.MANAGER)
    who, said = outreach.person(), Said(NoteKind.CALL, "Nam niet op")
    written = [noted(outreach, who, said, by=sanne)]
    written.append(noted(outreach, who, said, by=daan))
    written.append(noted(outreach, outreach.person(), said, by=sanne))
    written.append(noted(outreach, who, Said(NoteKind.NOTE, "Nam niet op"), by=sanne))
    written.append(noted(outreach, who, later(outreach, "Nam niet op"), by=sanne))
    clock.advance(timedelta(minutes=6))
    written.append(noted(outreach, who, said, by=sanne))
    assert taken_back(outreach, written[-1], by=sanne)
    written.append(noted(outreach, who, said, by=sanne))
    assert len(set(written)) == 7
