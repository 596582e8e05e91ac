"""Pauses keep what was left of a delay; what we held up too long is asked about, not sent in a burst."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from crm.conversations.models import Task
from crm.delivery import mailboxes
from crm.delivery.models import Mailbox, MessageState
from crm.delivery.ports import Envelope, Outcome
from crm.operations import rules, switches
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.sequences import pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as SequenceRow
from crm.services import Services
from crm.workflows.holding.resume import resume
from crm.workflows.refusals.stop_writing import stop_writing
from crm.workflows.sending.dispatch import dispatch
from tests.conftest import FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAUSES = ["everything", "mailbox", "sequence"]


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def begin(outreach: Outreach, clock: FakeClock, *, people: int = 1) -> None:
    """People whose first mail left on Monday; the second is due three working days later."""
    outreach.enrol(outreach.people(people), outreach.sequence(mail(), mail(3, "")))
    clock.now = MONDAY.replace(hour=15, minute=55)
    outreach.plan()
    assert outreach.dispatch().sent == people


def waiting(outreach: Outreach) -> Enrolment:
    [one] = outreach.enrolments()
    return one


def hold(outreach: Outreach, *, until: datetime | None = None) -> None:
    ids = [one.id for one in outreach.enrolments()]
    with outreach.services.database.transaction() as session:
        pauses.hold(session, ids, StopReason.BY_STAFF, at=outreach.now, resumes_at=until)


def go_on(outreach: Outreach) -> None:
    ids = [one.id for one in outreach.enrolments()]
    with outreach.services.database.transaction() as session:
        assert resume(session, ids, now=outreach.now) == len(ids)


def switch(outreach: Outreach, what: str, *, paused: bool) -> None:
    with outreach.services.database.transaction() as session:
        if what == "everything":
            switches.turn(session, switches.PAUSED, on=paused, by=None, at=outreach.now)
        elif what == "sequence":
            session.scalars(select(SequenceRow)).one().paused_at = outreach.now if paused else None
        elif paused:
            mailboxes.pause(session, session.scalars(select(Mailbox.id)).one(), reason="x", at=outreach.now)
        else:
            mailboxes.resume(session, session.scalars(select(Mailbox.id)).one())


def questions(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Task.title).order_by(Task.id)))


def work(outreach: Outreach, clock: FakeClock, until: datetime) -> None:
    """The scheduler, every two hours."""
    while clock.now < until:
        outreach.plan()
        outreach.dispatch()
        clock.now += timedelta(hours=2)


class BusyMailer(MemoryMailer):
    """Something happens while it hands over."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        self._meanwhile()
        return super().send(batch)


def test_a_pause_keeps_what_was_left_of_the_delay(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    due = waiting(outreach).next_due_at
    assert due is not None
    assert due.date() == MONDAY.date() + timedelta(days=3)
    clock.now = MONDAY + timedelta(days=1)  # Tuesday: two working days are left
    hold(outreach)
    clock.now = MONDAY + timedelta(days=9)  # the Wednesday after
    go_on(outreach)
    assert waiting(outreach).next_due_at == due + timedelta(days=8)  # the Friday, at the same hour


def test_a_pause_keeps_the_hours_that_were_left_of_a_day(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    due = waiting(outreach).next_due_at
    assert due is not None
    clock.now = due - timedelta(minutes=30)
    hold(outreach)
    clock.now = (MONDAY + timedelta(days=8)).replace(hour=10)
    go_on(outreach)
    assert waiting(outreach).next_due_at == clock.now + timedelta(minutes=30)


def test_what_was_written_before_a_pause_is_written_anew_after_it(
    outreach: Outreach, clock: FakeClock
) -> None:
    """Its date, and whatever was put right meanwhile."""
    outreach.enrol(outreach.person(), outreach.sequence(mail()))
    clock.now = MONDAY.replace(hour=15, minute=45)
    outreach.plan()
    [old] = outreach.messages()
    hold(outreach)
    clock.now = MONDAY.replace(day=4)
    go_on(outreach)
    work(outreach, clock, MONDAY.replace(day=5))
    [new] = outreach.messages()
    assert (new.state, new.public_id == old.public_id) == (MessageState.SENT, False)
    assert b"Date: Wed, 04 Mar" in new.wire


def test_a_snooze_lengthens_an_absence_that_would_end_before_it(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    [one] = outreach.enrolments()
    until = clock.now + timedelta(days=60)
    wish = Wish(
        scope=RefusalScope.SNOOZE, reason=RefusalReason.OBJECTION, channel="page", at=clock.now, until=until
    )
    with outreach.services.database.transaction() as session:
        soon = clock.now + timedelta(days=2)
        pauses.pause(session, [one.id], StopReason.OUT_OF_OFFICE, at=clock.now, resumes_at=soon)
        stop_writing(session, [one.prospect_id], wish, now=clock.now)
    held = waiting(outreach)
    assert (held.stop_reason, held.resumes_at) == (StopReason.SNOOZED, until)


def test_a_pause_that_is_undone_at_once_changes_nothing(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    due = waiting(outreach).next_due_at
    hold(outreach)
    clock.now += timedelta(minutes=1)
    go_on(outreach)
    one = waiting(outreach)
    assert (one.next_due_at, one.held_at, one.held_due_at, one.state) == (
        due, None, None, EnrolmentState.RUNNING,
    )  # fmt: skip


def test_a_pause_until_a_day_ends_on_it_with_the_delay_still_to_come(
    outreach: Outreach, clock: FakeClock
) -> None:
    begin(outreach, clock)
    hold(outreach, until=MONDAY + timedelta(days=14))
    work(outreach, clock, MONDAY + timedelta(days=16))
    assert len(outreach.messages()) == 1
    work(outreach, clock, MONDAY + timedelta(days=18))
    assert [one.state for one in outreach.messages()] == [MessageState.SENT] * 2


def test_a_mail_that_was_leaving_when_the_pause_began_starts_a_whole_delay(
    outreach: Outreach, clock: FakeClock
) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(mail(), mail(3, "")))
    clock.now = MONDAY.replace(hour=15)
    outreach.plan()
    mailer = BusyMailer(lambda: hold(outreach))
    assert dispatch(replace(outreach.room, mailer=mailer)).sent == 1
    clock.now = MONDAY + timedelta(days=14)
    go_on(outreach)
    due = waiting(outreach).next_due_at
    assert due is not None
    assert due.date() == (MONDAY + timedelta(days=17)).date()


def test_a_colleagues_pause_outlasts_an_absence(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    [one] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        soon = clock.now + timedelta(days=2)
        pauses.pause(session, [one.id], StopReason.OUT_OF_OFFICE, at=clock.now, resumes_at=soon)
    hold(outreach, until=MONDAY + timedelta(days=28))
    work(outreach, clock, MONDAY + timedelta(days=21))
    assert waiting(outreach).state is EnrolmentState.PAUSED


@pytest.mark.parametrize("what", PAUSES)
def test_what_was_paused_for_long_becomes_tasks_and_no_mail(
    outreach: Outreach, clock: FakeClock, what: str
) -> None:
    begin(outreach, clock, people=3)
    switch(outreach, what, paused=True)
    work(outreach, clock, MONDAY + timedelta(days=9, hours=2))  # due on Thursday: four working days late
    switch(outreach, what, paused=False)
    work(outreach, clock, MONDAY + timedelta(days=12))
    assert len(outreach.messages()) == 3
    assert len(questions(outreach)) == 3
    assert {one.stop_reason for one in outreach.enrolments()} == {StopReason.TOO_LATE}


@pytest.mark.parametrize("what", PAUSES)
def test_what_was_paused_for_a_short_time_is_sent(outreach: Outreach, clock: FakeClock, what: str) -> None:
    begin(outreach, clock, people=3)
    switch(outreach, what, paused=True)
    work(outreach, clock, MONDAY + timedelta(days=8))  # the Tuesday: three working days late
    switch(outreach, what, paused=False)
    work(outreach, clock, MONDAY + timedelta(days=9))
    assert [one.state for one in outreach.messages()] == [MessageState.SENT] * 6
    assert questions(outreach) == []


@pytest.mark.parametrize("planned", [True, False])
@pytest.mark.parametrize("hour", [3, 11])
def test_after_a_long_standstill_steps_become_tasks_at_whatever_hour_it_ends(
    outreach: Outreach, clock: FakeClock, hour: int, *, planned: bool
) -> None:
    begin(outreach, clock, people=3)
    if planned:
        clock.now = MONDAY + timedelta(days=3, hours=6, minutes=55)
        outreach.plan()
    clock.now = (MONDAY + timedelta(days=9)).replace(hour=hour)
    work(outreach, clock, MONDAY + timedelta(days=12))
    assert len([one for one in outreach.messages() if one.state is MessageState.SENT]) == 3
    assert len(questions(outreach)) == 3


def test_a_step_that_a_person_lets_go_late_leaves(outreach: Outreach, clock: FakeClock) -> None:
    begin(outreach, clock)
    clock.now = MONDAY + timedelta(days=14)
    outreach.plan()
    go_on(outreach)
    work(outreach, clock, MONDAY + timedelta(days=15))
    assert [one.state for one in outreach.messages()] == [MessageState.SENT] * 2


@pytest.mark.parametrize("hour", [3, 11])
def test_how_late_is_too_late_is_the_owners_to_say(outreach: Outreach, clock: FakeClock, hour: int) -> None:
    begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        rules.change(session, "late_working_days", 1, was=3, by=None, at=clock.now)
    clock.now = MONDAY + timedelta(days=3, hours=6, minutes=55)
    outreach.plan()
    clock.now = (MONDAY + timedelta(days=7)).replace(hour=hour)  # two working days late
    work(outreach, clock, MONDAY + timedelta(days=9))
    assert len([one for one in outreach.messages() if one.state is MessageState.SENT]) == 1
    assert len(questions(outreach)) == 1
