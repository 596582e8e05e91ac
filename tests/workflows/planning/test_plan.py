"""Making the mails that are due."""

import random
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import select

from crm.compose.notices import NOTICE_VERSION
from crm.conversations.models import Task, TaskKind
from crm.delivery import mailboxes
from crm.delivery.models import MessageState
from crm.kernel.faults import watched
from crm.kernel.mail import TrackingMode
from crm.operations import switches
from crm.permission.record import from_record
from crm.privacy.models import RefusalScope
from crm.prospects.models import Company, Prospect
from crm.sequences import pauses, versions
from crm.sequences.models import EnrolmentState, StopReason
from crm.sequences.versions import NewStep
from crm.services import Services
from crm.workflows.planning import plan as plan_module
from crm.workflows.planning.advance import step_done
from crm.workflows.planning.unplan import unplan
from crm.workflows.planning.write_letter import Desk
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, hand_work, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def begin(outreach: Outreach, clock: FakeClock, *steps: NewStep, who: int | None = None) -> int:
    """Somebody in a sequence, at the moment their first step is due."""
    person = outreach.person() if who is None else who
    [found] = outreach.enrol(person, outreach.sequence(*steps))
    assert found.due_at
    clock.now = found.due_at
    return person


def wire(outreach: Outreach) -> EmailMessage:
    parsed = message_from_bytes(outreach.messages()[-1].wire, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def tasks(outreach: Outreach) -> list[Task]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Task).order_by(Task.id)))


def ended(outreach: Outreach) -> tuple[EnrolmentState, StopReason | None]:
    [one] = outreach.enrolments()
    return one.state, one.stop_reason


def test_a_due_step_becomes_a_message(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    assert outreach.plan().queued == 1
    assert outreach.states() == [MessageState.DUE]


def test_the_planner_leaves_an_enrolment_alone_while_its_message_is_out(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    assert [outreach.plan().seen for _ in range(2)] == [1, 0]
    assert outreach.enrolments()[0].next_due_at is None


def test_nothing_is_made_more_than_ten_minutes_before_its_moment(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    due = clock.now
    clock.now = due - timedelta(minutes=11)
    assert outreach.plan().seen == 0
    clock.now = due - timedelta(minutes=9)
    assert outreach.plan().queued == 1
    assert outreach.messages()[0].due_at == due


def test_a_message_carries_the_gates_answer(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    outreach.plan()
    assert from_record(outreach.messages()[0].decision).allows


def test_the_first_mail_carries_the_notice_and_the_second_does_not(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    for _ in range(2):
        outreach.plan()
        outreach.dispatch()
        clock.now = outreach.enrolments()[0].next_due_at or clock.now
    first, second = outreach.messages()
    assert [first.first_contact, second.first_contact] == [True, False]
    assert [first.notice_version, second.notice_version] == [NOTICE_VERSION, ""]


def test_a_follow_up_stands_under_the_first_mail(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, mail(), mail(3, ""), mail(5, ""))
    names, subjects, heads = [], [], []
    for _ in range(3):
        outreach.plan()
        outreach.dispatch()
        letter = wire(outreach)
        names.append(letter["Message-ID"])
        subjects.append(letter["Subject"])
        heads.append((letter["In-Reply-To"], letter["References"]))
        clock.now = outreach.enrolments()[0].next_due_at or clock.now
    assert len(set(subjects)) == 1
    assert heads == [(None, None), (names[0], names[0]), (names[1], f"{names[0]} {names[1]}")]


def test_a_mail_of_a_sequence_says_which_text_it_is_and_not_to_whom(
    outreach: Outreach, clock: FakeClock
) -> None:
    """The same for everybody: providers count complaints by it."""
    begin(outreach, clock)
    outreach.plan()
    assert wire(outreach)["Feedback-ID"] == "step1:seq1:outreach:produfoto"


def test_a_subject_of_its_own_starts_a_thread(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, mail(), mail(3, "Nog een vraag"))
    for _ in range(2):
        outreach.plan()
        outreach.dispatch()
        clock.now = outreach.enrolments()[0].next_due_at or clock.now
    assert (wire(outreach)["Subject"], wire(outreach)["In-Reply-To"]) == ("Nog een vraag", None)


def test_a_mail_has_a_pixel_of_its_own_unless_they_object(outreach: Outreach, clock: FakeClock) -> None:
    measured = begin(outreach, clock, who=outreach.person("ann@winkel.example"))
    outreach.refuse("bob@kiosk.example", scope=RefusalScope.MEASURING)
    begin(outreach, clock, who=outreach.person("bob@kiosk.example"))
    clock.advance(timedelta(hours=8))
    clock.now = clock.now.replace(hour=15)
    outreach.plan()
    found = {
        one.prospect_id == measured: (one.tracking, one.pixel_id is not None) for one in outreach.messages()
    }
    assert found == {True: (TrackingMode.INDIVIDUAL, True), False: (TrackingMode.OFF, False)}


def test_a_missing_value_stops_that_mail_only_and_asks_a_person(outreach: Outreach, clock: FakeClock) -> None:
    nameless = outreach.person()
    outreach.enrol([nameless, outreach.person()], outreach.sequence(mail(body="Dag {{ company }},")))
    with outreach.services.database.transaction() as session:
        session.get_one(Company, outreach.prospect(nameless).company_id).name = ""
    clock.advance(timedelta(hours=6))
    done = outreach.plan()
    assert (done.queued, done.paused) == (1, 1)
    reasons = {one.prospect_id: one.stop_reason for one in outreach.enrolments()}
    assert reasons[nameless] is StopReason.BLOCKED
    assert [one.kind for one in tasks(outreach)] == [TaskKind.REVIEW]


def test_a_no_since_the_enrolment_ends_it(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, who=outreach.person("ann@winkel.example"))
    outreach.refuse("ann@winkel.example")
    assert outreach.plan().stopped == 1
    assert ended(outreach) == (EnrolmentState.STOPPED, StopReason.REFUSED)
    assert outreach.messages() == []


def test_a_ground_that_is_gone_ends_it_with_the_reasons(outreach: Outreach, clock: FakeClock) -> None:
    who = begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        session.get_one(Prospect, who).restricted_at = clock.now
    outreach.plan()
    assert ended(outreach) == (EnrolmentState.STOPPED, StopReason.NOT_ALLOWED)
    assert outreach.enrolments()[0].stop_detail == "restricted"


def test_a_snooze_moves_the_step_behind_its_end_into_office_hours(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock, who=outreach.person("ann@winkel.example"))
    until = datetime(2026, 4, 4, 12, 0, tzinfo=UTC)  # a Saturday; Monday is Easter
    outreach.refuse("ann@winkel.example", scope=RefusalScope.SNOOZE, until=until)
    assert outreach.plan().waiting == 1
    later = outreach.enrolments()[0].next_due_at
    assert later
    assert later.date() == datetime(2026, 4, 7, tzinfo=UTC).date()


def test_a_pause_of_the_mailbox_makes_the_step_wait_a_little(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        box = mailboxes.open_outlets(session)[0].id
        mailboxes.pause(session, box, reason="test", at=clock.now)
    assert outreach.plan().waiting == 1
    assert outreach.enrolments()[0].next_due_at == clock.now + timedelta(minutes=15)


def test_a_colleagues_no_pauses_the_step_and_asks_a_person(outreach: Outreach, clock: FakeClock) -> None:
    first = outreach.person("ann@winkel.example")
    begin(outreach, clock, who=first)
    outreach.person("bob@winkel.example", company_id=outreach.prospect(first).company_id)
    outreach.refuse("bob@winkel.example")
    assert outreach.plan().paused == 1
    assert ended(outreach) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    assert len(tasks(outreach)) == 1


def test_a_manual_step_is_a_task_and_the_sequence_waits_for_it(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, hand_work(0, "Bel even op"), mail(1))
    assert outreach.plan().tasks == 1
    [task] = tasks(outreach)
    assert (task.kind, task.title, task.enrolment_id) == (
        TaskKind.STEP,
        "Bel even op",
        outreach.enrolments()[0].id,
    )
    clock.advance(timedelta(days=10))
    assert outreach.plan().seen == 0


def test_a_task_that_is_done_lets_the_sequence_go_on(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock, hand_work(), mail(1))
    outreach.plan()
    enrolment_id = outreach.enrolments()[0].id
    with outreach.services.database.transaction() as session:
        assert step_done(session, enrolment_id, now=clock.now)
    [one] = outreach.enrolments()
    assert one.next_due_at
    assert (one.position, one.next_due_at.date()) == (2, (clock.now + timedelta(days=1)).date())


def test_a_step_due_long_ago_is_not_sent_but_asked_about(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    clock.advance(timedelta(days=7))
    assert outreach.plan().paused == 1
    assert ended(outreach) == (EnrolmentState.PAUSED, StopReason.TOO_LATE)
    assert outreach.messages() == []


def test_a_step_a_day_late_still_goes(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    clock.advance(timedelta(days=1))
    assert outreach.plan().queued == 1


def test_what_the_days_cap_does_not_hold_waits_for_the_next_day(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(), mailbox=outreach.mailbox(cap=2))
    outreach.enrol(outreach.people(5), sequence)
    clock.now = clock.now.replace(hour=16 - 1, minute=59)
    done = outreach.plan()
    assert (done.queued, done.waiting) == (2, 3)
    later = [one.next_due_at for one in outreach.enrolments() if one.next_due_at]
    assert {one.date() for one in later} == {(clock.now + timedelta(days=1)).date()}


def test_a_message_that_is_taken_back_is_made_again_at_the_same_moment(
    outreach: Outreach, clock: FakeClock
) -> None:
    who = begin(outreach, clock)
    outreach.plan()
    before = outreach.messages()[0]
    with outreach.services.database.transaction() as session:
        assert unplan(session, prospect_ids=[who], at=NOW) == 1
    assert outreach.messages() == []
    outreach.plan()
    after = outreach.messages()[0]
    assert (after.due_at, after.public_id == before.public_id) == (before.due_at, False)


def test_a_claimed_message_is_not_taken_back(outreach: Outreach, clock: FakeClock) -> None:
    who = begin(outreach, clock)
    outreach.plan()
    outreach.dispatch()
    with outreach.services.database.transaction() as session:
        assert unplan(session, prospect_ids=[who], at=NOW) == 0


def test_a_pause_with_an_end_ends_by_itself(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    one = outreach.enrolments()[0].id
    until = clock.now + timedelta(days=7)
    with outreach.services.database.transaction() as session:
        pauses.pause(session, [one], StopReason.OUT_OF_OFFICE, at=clock.now, resumes_at=until)
    assert outreach.plan().seen == 0
    clock.now = until
    assert outreach.plan().queued == 1


def test_everything_paused_makes_nothing(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        switches.turn(session, switches.PAUSED, on=True, by=None, at=clock.now)
    assert outreach.plan().queued == 0
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING


def test_an_edited_sequence_says_the_old_text_to_those_who_are_in_it(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(subject="Oud"))
    outreach.enrol(outreach.person(), sequence)
    with outreach.services.database.transaction() as session:
        versions.publish(session, sequence, [mail(subject="Nieuw")], by=None, at=clock.now)
    clock.advance(timedelta(hours=6))
    outreach.plan()
    assert outreach.messages()[0].subject_line == "Oud"


def test_two_planners_do_not_write_the_same_letters(
    outreach: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was beaten to a batch works further down the queue; every letter is written once, none is left."""
    monkeypatch.setattr(plan_module, "BATCH", 5)
    monkeypatch.setattr(random, "randrange", lambda stop: stop - 1)
    enrolled = outreach.enrol(outreach.people(60), outreach.sequence(mail()))
    noon = max(one.due_at for one in enrolled if one.due_at)
    desk = Desk(outreach.services.settings, outreach.services.links)
    other = plan_module.batches(outreach.services.database, desk, now=noon)
    busy: list[bool] = []

    def beaten(name: str) -> None:
        if name == "plan.after_read" and not busy:
            busy.append(True)
            next(other, None)
            busy.clear()

    with watched(beaten):
        lost = [one.lost for one in plan_module.batches(outreach.services.database, desk, now=noon)]
    assert lost[0] == 5
    assert sum(lost) <= 15  # the rest is met at the end of the queue; 60 where both take what is due longest
    assert outreach.states() == [MessageState.DUE] * 60
