"""A mailbox keeps its gap, its cap and its first days, whoever sends and whatever goes wrong (I06)."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from crm.delivery.models import Message, MessageState
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.delivery.ports import NotSent, NotSentReason, Uncertain
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.services import Services
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.dispatch import send_handful
from crm.workflows.sending.reap import reap
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

TEN = timedelta(minutes=10)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def fill(outreach: Outreach, clock: FakeClock, *, people: int = 3, mailbox: int | None = None) -> int:
    """Messages that are all due at noon."""
    box = outreach.mailbox(gap=TEN) if mailbox is None else mailbox
    clock.now = NOW.replace(hour=7)
    outreach.enrol(outreach.people(people), outreach.sequence(mail(), mailbox=box))
    clock.now = NOW.replace(hour=15, minute=50)
    assert outreach.plan().queued == people
    clock.now = NOW.replace(hour=11)
    with outreach.services.database.transaction() as session:
        session.execute(update(Message).values(due_at=clock.now))
    return box


def write(outreach: Outreach, kind: MailKind, box: int) -> None:
    """A mail of a colleague's, due at once."""
    person = outreach.prospect(outreach.person())
    letter = NewMessage(
        public_id=new_public_id(), kind=kind, mailbox_id=box, recipient=person.address,
        address_digest=person.address_digest, sender="b+x@outreach.produfoto.example", subject_line="x",
        wire=b"Subject: x\r\n\r\nx\r\n", due_at=outreach.now, prospect_id=person.id,
    )  # fmt: skip
    with outreach.services.database.transaction() as session:
        queue(session, letter, now=outreach.now)


def claim(outreach: Outreach, clock: FakeClock) -> tuple[int, ...]:
    return claim_batch(
        outreach.services.database, outreach.services.settings, now=clock.now, real_now=clock.now
    ).ids


def sent_at(outreach: Outreach) -> list[datetime]:
    return sorted(one.sent_at for one in outreach.messages() if one.sent_at is not None)


def run(
    outreach: Outreach, clock: FakeClock, *, hours: float, step: timedelta = timedelta(minutes=1)
) -> None:
    """Work at every step of the day, and now and then at night: nothing is due then."""
    end = clock.now + timedelta(hours=hours)
    while clock.now < end:
        outreach.plan()
        outreach.dispatch()
        by_day = 6 <= clock.now.hour < 17
        clock.now += step if by_day else max(step, timedelta(minutes=20))


def test_one_mail_leaves_and_the_next_one_waits_for_the_gap(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    assert [outreach.dispatch().sent, outreach.dispatch().sent] == [1, 0]
    clock.now += TEN - timedelta(seconds=1)
    assert outreach.dispatch().sent == 0
    clock.now += timedelta(seconds=1)
    assert outreach.dispatch().sent == 1


def test_two_workers_never_both_have_the_turn(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    assert [len(claim(outreach, clock)) for _ in range(3)] == [1, 0, 0]


def test_the_gap_counts_from_the_end_of_the_hand_over(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    batch = claim_batch(
        outreach.services.database, outreach.services.settings, now=clock.now, real_now=clock.now
    )
    clock.now += timedelta(seconds=20)
    assert send_handful(outreach.room, batch, batch.ids).sent == 1
    clock.now += TEN - timedelta(seconds=1)
    assert claim(outreach, clock) == ()
    clock.now += timedelta(seconds=1)
    assert len(claim(outreach, clock)) == 1


def test_what_did_not_leave_keeps_nobody_waiting(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    mailer.answer = NotSent(NotSentReason.UNREACHABLE)
    assert outreach.dispatch().again == 1
    mailer.answer = None
    assert outreach.dispatch().sent == 1


def test_what_the_gate_withholds_keeps_nobody_waiting(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    outreach.refuse(outreach.messages()[0].recipient)
    assert outreach.dispatch().stayed == 1
    assert outreach.dispatch().sent == 1


def test_what_may_have_left_keeps_the_gap(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    mailer.answer = Uncertain("timed_out")
    outreach.dispatch()
    mailer.answer = None
    clock.now += timedelta(minutes=9)
    assert outreach.dispatch().claimed == 0


def test_a_worker_that_died_with_a_claim_holds_nobody_up(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    claim(outreach, clock)
    clock.now += timedelta(seconds=61)
    reap(outreach.services.database, outreach.services.clocks)
    assert outreach.dispatch().sent == 1


def test_a_late_reaper_does_not_give_away_somebody_elses_turn(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    claim(outreach, clock)  # and dies
    clock.now += timedelta(minutes=12)
    assert outreach.dispatch().sent == 1  # the second one
    reap(outreach.services.database, outreach.services.clocks)
    assert outreach.dispatch().claimed == 0


def test_a_mail_by_hand_goes_before_those_in_line_and_keeps_the_gap(
    outreach: Outreach, clock: FakeClock
) -> None:
    box = fill(outreach, clock)
    outreach.dispatch()
    clock.now += timedelta(minutes=5)
    write(outreach, MailKind.MANUAL, box)
    assert outreach.dispatch().sent == 0
    clock.now += timedelta(minutes=5)
    assert outreach.dispatch().sent == 1
    assert [one.kind for one in outreach.messages() if one.sent_at][-1] is MailKind.MANUAL


def test_an_answer_waits_for_no_gap(outreach: Outreach, clock: FakeClock) -> None:
    box = fill(outreach, clock)
    outreach.dispatch()
    write(outreach, MailKind.REPLY, box)
    assert outreach.dispatch().sent == 1


def test_mailboxes_do_not_wait_for_each_other(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock, mailbox=outreach.mailbox(gap=TEN))
    fill_second = outreach.mailbox(gap=TEN)
    outreach.enrol(outreach.person(), outreach.sequence(mail(), mailbox=fill_second))
    clock.now = NOW.replace(hour=15, minute=55)
    outreach.plan()
    assert outreach.dispatch().sent == 2


def test_a_mailbox_without_a_gap_sends_all_at_once(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock, people=12, mailbox=outreach.mailbox())
    assert outreach.dispatch().sent == 12


def test_a_fast_calendar_keeps_the_gap_by_the_calendar(outreach: Outreach, clock: FakeClock) -> None:
    fill(outreach, clock)
    outreach.dispatch()
    real = NOW  # stands still: a second of it is an hour of the demo's
    clock.now += TEN
    batch = claim_batch(
        outreach.services.database, outreach.services.settings, now=clock.now, real_now=real, speed=3_600.0
    )
    assert len(batch.ids) == 1
    clock.now += timedelta(hours=59)
    assert claim(outreach, clock) == ()  # its lease still runs, by the calendar
    assert send_handful(outreach.room, batch, batch.ids).sent in {0, 1}


@pytest.mark.parametrize("begins", [datetime(2026, 3, 27, tzinfo=UTC), datetime(2026, 10, 23, tzinfo=UTC)])
def test_no_local_day_has_more_than_its_allowance_when_the_clocks_change(
    outreach: Outreach, clock: FakeClock, begins: datetime
) -> None:
    """From the Friday before the clocks change on: 10, 13, 16, 16 mails, ten minutes apart."""
    clock.now = begins.replace(hour=5)
    box = outreach.mailbox(cap=16, gap=TEN, jitter=timedelta(minutes=5), ramp=(10, 3))
    outreach.enrol(outreach.people(80), outreach.sequence(mail(), mailbox=box))
    for _ in range(6):
        run(outreach, clock, hours=14, step=timedelta(minutes=3))
        run(outreach, clock, hours=10, step=timedelta(minutes=20))
    moments = sent_at(outreach)
    days = Counter(moment.astimezone(AMSTERDAM).date() for moment in moments)
    assert [days[day] for day in sorted(days)] == [10, 13, 16, 16]
    gaps = [after - before for before, after in pairwise(moments)]
    assert min(gaps) >= TEN
    assert {moment.astimezone(AMSTERDAM).hour for moment in moments} <= set(range(9, 17))


def test_what_the_gap_pushes_past_the_office_hours_leaves_the_next_day(
    outreach: Outreach, clock: FakeClock
) -> None:
    fill(outreach, clock, people=3)
    clock.now = NOW.replace(hour=15, minute=45)
    run(outreach, clock, hours=24)
    moments = [moment.astimezone(AMSTERDAM) for moment in sent_at(outreach)]
    assert [moment.day for moment in moments] == [2, 2, 3]
    assert outreach.states() == [MessageState.SENT] * 3
