"""Waits, several texts of a step, and what a follow-up keeps: thread, mailbox, text."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import select, update

from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Message, MessageState
from crm.sequences.models import EnrolmentState, Sequence, StepVariant
from crm.sequences.texts import Words
from crm.services import Services
from crm.workflows.planning.advance import step_done
from crm.workflows.planning.unplan import unplan
from crm.workflows.series.switch_variant import LastTextError, switch_variant
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, hand_work, mail, wait

pytestmark = pytest.mark.both_databases

B = Words("Tweede aanpak voor {{ company }}", "Hoi,\n\nZullen we bellen?\n\n{{ sender_name }}")


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def go(outreach: Outreach, clock: FakeClock, *, times: int = 1) -> None:
    """Plan and send, each time at the moment the next step is due."""
    for _ in range(times):
        clock.now = min(one.next_due_at for one in outreach.enrolments() if one.next_due_at)
        outreach.plan()
        outreach.dispatch()


def parsed(message: Message) -> EmailMessage:
    found = message_from_bytes(message.wire, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def variants(outreach: Outreach) -> dict[int, str]:
    with outreach.services.database.reading() as session:
        rows = session.scalars(select(StepVariant).order_by(StepVariant.id))
        return {row.id: "ABCD"[row.number - 1] for row in rows}


def test_a_wait_passes_and_the_next_step_counts_from_its_end(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(mail(), wait(2), mail(1, "")))
    go(outreach, clock)
    sent_on = clock.now.date()
    clock.now = outreach.enrolments()[0].next_due_at or clock.now
    assert (clock.now.date() - sent_on).days == 2
    done = outreach.plan()
    assert (done.passed, done.queued) == (1, 0)
    [one] = outreach.enrolments()
    assert (one.state, one.position) == (EnrolmentState.RUNNING, 3)
    assert one.next_due_at
    assert (one.next_due_at.date() - sent_on).days == 3
    go(outreach, clock)
    assert outreach.states() == [MessageState.SENT] * 2


def test_a_wait_makes_no_mail_and_no_task(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(wait(2), mail(1)))
    clock.now = outreach.enrolments()[0].next_due_at or clock.now
    outreach.plan()
    with outreach.services.database.reading() as session:
        assert list(session.scalars(select(Task))) == []
    assert outreach.messages() == []


def test_a_wait_that_ended_during_a_standstill_goes_on_from_now(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(wait(1), mail(2)))
    clock.now = datetime(2026, 3, 16, 10, 0, tzinfo=UTC)  # a fortnight later
    outreach.plan()
    [one] = outreach.enrolments()
    assert one.state is EnrolmentState.RUNNING
    assert one.next_due_at
    assert one.next_due_at.date() == datetime(2026, 3, 18, tzinfo=UTC).date()


def test_the_clock_stands_still_until_a_task_is_done(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.person(), outreach.sequence(hand_work(), mail(2)))
    clock.now = outreach.enrolments()[0].next_due_at or clock.now
    outreach.plan()
    clock.now = datetime(2026, 3, 23, 10, 0, tzinfo=UTC)
    assert outreach.plan().seen == 0
    with outreach.services.database.transaction() as session:
        task = session.scalars(select(Task)).one()
        assert (task.kind, task.title) == (TaskKind.STEP, "Bel even op")
        assert step_done(session, outreach.enrolments()[0].id, now=clock.now)
    due = outreach.enrolments()[0].next_due_at
    assert due
    assert due.date() == datetime(2026, 3, 25, tzinfo=UTC).date()


def test_everybody_gets_one_of_the_texts_and_the_message_keeps_which(
    outreach: Outreach, clock: FakeClock
) -> None:
    outreach.enrol(outreach.people(12), outreach.sequence(mail(others=(B,))))
    clock.now = clock.now.replace(hour=15, minute=59)
    outreach.plan()
    letters = variants(outreach)
    found = {
        (letters[one.variant_id or 0], "Zullen we bellen" in parsed(one).as_string())
        for one in outreach.messages()
    }
    assert found == {("A", False), ("B", True)}


def test_a_step_made_anew_says_the_same_text(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.people(8), outreach.sequence(mail(others=(B,))))
    clock.now = clock.now.replace(hour=15, minute=59)
    found = []
    for _ in range(3):
        outreach.plan()
        found.append({one.enrolment_id: one.variant_id for one in outreach.messages()})
        with outreach.services.database.transaction() as session:
            assert unplan(session, enrolment_ids=[one.id for one in outreach.enrolments()], at=NOW) == 8
    assert found[0] == found[1] == found[2]
    assert len(set(found[0].values())) == 2


def test_a_text_switched_off_goes_to_nobody_any_more_and_its_data_stay(
    outreach: Outreach, clock: FakeClock
) -> None:
    sequence = outreach.sequence(mail(others=(B,)))
    outreach.enrol(outreach.people(10), sequence)
    clock.now = clock.now.replace(hour=15, minute=59)
    outreach.plan()
    clock.now = max(one.due_at for one in outreach.messages())
    outreach.dispatch()
    outreach.enrol(outreach.people(10), sequence)
    clock.now = clock.now.replace(day=4)
    outreach.plan()
    [b] = [key for key, letter in variants(outreach).items() if letter == "B"]
    sent = [one.id for one in outreach.messages() if one.sent_at and one.variant_id == b]
    assert any(one.variant_id == b for one in outreach.messages() if one.sent_at is None)
    with outreach.services.database.transaction() as session:
        switch_variant(session, sequence, b, on=False, by=None, at=clock.now)
    outreach.plan()
    waiting = [one for one in outreach.messages() if one.sent_at is None]
    assert len(waiting) == 10
    assert {variants(outreach)[one.variant_id or 0] for one in waiting} == {"A"}
    assert [one.id for one in outreach.messages() if one.variant_id == b] == sent


def test_the_last_text_in_use_is_not_switched_off(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(others=(B,)))
    first, second = variants(outreach)
    with outreach.services.database.transaction() as session:
        switch_variant(session, sequence, first, on=False, by=None, at=clock.now)
    with pytest.raises(LastTextError), outreach.services.database.transaction() as session:
        switch_variant(session, sequence, second, on=False, by=None, at=clock.now)


def test_follow_ups_stay_in_the_mailbox_of_the_first_mail(outreach: Outreach, clock: FakeClock) -> None:
    sequence = outreach.sequence(mail(), mail(3, ""), mail(3, ""))
    begun, fresh = outreach.people(2)
    outreach.enrol(begun, sequence)
    go(outreach, clock)
    old_box = outreach.messages()[0].mailbox_id
    new_box = outreach.mailbox()
    with outreach.services.database.transaction() as session:
        session.execute(update(Sequence).where(Sequence.id == sequence).values(mailbox_id=new_box))
    go(outreach, clock, times=2)
    outreach.enrol(fresh, sequence)
    clock.now = max(one.next_due_at for one in outreach.enrolments() if one.next_due_at)
    outreach.plan()
    boxes = [(one.prospect_id == begun, one.mailbox_id) for one in outreach.messages()]
    assert boxes == [(True, old_box)] * 3 + [(False, new_box)]
    senders = [parsed(one)["From"] for one in outreach.messages()]
    assert len(set(senders[:3])) == 1
    assert senders[3] != senders[0]


def test_a_follow_up_stands_under_the_text_that_they_got(outreach: Outreach, clock: FakeClock) -> None:
    outreach.enrol(outreach.people(6), outreach.sequence(mail(others=(B,)), mail(3, "")))
    clock.now = clock.now.replace(hour=15, minute=59)
    outreach.plan()
    outreach.dispatch()
    clock.now = max(one.next_due_at for one in outreach.enrolments() if one.next_due_at)
    outreach.plan()
    by_person: dict[int | None, list[EmailMessage]] = {}
    for one in outreach.messages():
        by_person.setdefault(one.prospect_id, []).append(parsed(one))
    assert all(len(mails) == 2 for mails in by_person.values())
    assert all(second["In-Reply-To"] == first["Message-ID"] for first, second in by_person.values())
    assert all(second["Subject"] == first["Subject"] for first, second in by_person.values())
    assert len({first["Subject"].split()[0] for first, _ in by_person.values()}) == 2
