"""A rehearsal tells what the engine then does, event for event."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.delivery import caps, mailboxes
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.zones import instant, zone_for
from crm.operations import rules
from crm.sequences.models import Enrolment, EnrolmentState, Step, StopReason
from crm.sequences.pauses import hold
from crm.services import Services
from crm.workflows.foresight.rehearsal_ticks import Ticks
from crm.workflows.foresight.rehearsal_told import Event, Happening, Rehearsal
from crm.workflows.foresight.rehearse import rehearse
from crm.workflows.planning.advance import advance
from crm.workflows.planning.plan import AHEAD
from tests.conftest import FakeClock
from tests.deep import size
from tests.outreach import Outreach, hand_work, mail, wait

DAYS = {"sqlite": 42, "postgresql": size(14, 42)}
CROWD = {"sqlite": 110, "postgresql": size(80, 110)}
TICKS = Ticks(timedelta(minutes=1), timedelta(seconds=20))
MARCH = datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
"""A Monday; then come Good Friday, Easter Monday, King's Day, and the clocks of 25 May in London."""


class Left(NamedTuple):
    """What both the rehearsal and the engine say of a mail."""

    at: datetime
    prospect_id: int
    position: int
    due_at: datetime


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def rehearsed(
    outreach: Outreach,
    sequence: int,
    people: Sequence[int] | None,
    *,
    days: int,
    task_days: int = 0,
    ticks: Ticks = TICKS,
) -> Rehearsal:
    with outreach.services.database.reading() as session:
        return rehearse(
            session, sequence, people, now=outreach.now, settings=outreach.services.settings, days=days,
            task_days=task_days, ticks=ticks,
        )  # fmt: skip


def play(outreach: Outreach, clock: FakeClock, told: Rehearsal, ticks: Ticks = TICKS) -> None:
    """The real engine from now to the end of the rehearsal: each tick at which anything can be due."""
    start = clock.now
    done = {(one.enrolment_id, one.position): one.due_at for one in told.events if one.what is Happening.TASK}
    tasks_at = sorted({at for at in done.values() if at is not None})
    while clock.now <= told.ends:
        _do_tasks(outreach, done)
        if (clock.now - start) % ticks.plan == timedelta():
            outreach.plan()
        if (clock.now - start) % ticks.send == timedelta():
            while outreach.dispatch().claimed:
                continue
        tick = _next_tick(outreach, clock.now, start, ticks)
        clock.now = min([tick, *(at for at in tasks_at if clock.now < at < tick)])


def _do_tasks(outreach: Outreach, done: Mapping[tuple[int, int], datetime | None]) -> None:
    """A colleague who does each task when the rehearsal takes it for done."""
    with outreach.services.database.transaction() as session:
        query = select(Task, Enrolment.position).join(Enrolment, Enrolment.id == Task.enrolment_id)
        for task, position in session.execute(query.where(tasks.is_open(), Task.kind == TaskKind.STEP)).all():
            assert task.enrolment_id is not None
            at = done[task.enrolment_id, position]
            if at is not None and at <= outreach.now:
                task.done_at = outreach.now
                advance(session, {task.enrolment_id: position}, now=outreach.now)


def _next_tick(outreach: Outreach, now: datetime, start: datetime, ticks: Ticks) -> datetime:
    """Ticks at which nothing is due do nothing, so the clock may jump over them."""
    with outreach.services.database.reading() as session:
        step = session.scalar(
            select(func.min(Enrolment.next_due_at)).where(Enrolment.state == EnrolmentState.RUNNING)
        )
        message = session.scalar(select(func.min(Message.due_at)).where(Message.state == MessageState.DUE))
        free = _free_at(session, now)
        resumes = session.scalar(select(func.min(Enrolment.resumes_at)))
    wanted = datetime(2100, 1, 1, tzinfo=UTC) if resumes is None else resumes
    if step is not None:
        wanted = min(wanted, step - AHEAD)
    if message is not None:
        wanted = min(wanted, max(message, free or message))
    return start + ticks.send * -(-(max(wanted, now + ticks.send) - start) // ticks.send)


def _free_at(session: Session, now: datetime) -> datetime | None:
    """When the one mailbox may send again: after its gap, or after midnight where its day is used up."""
    row = session.scalars(select(Mailbox)).one()
    day = caps.day_of(now, row.time_zone)
    pace = mailboxes.paces(session)[row.id]
    if caps.left(session, row.id, day, cap=caps.allowed(session, row.id, day, pace)):
        return row.free_at
    zone = zone_for(None, row.time_zone).zone
    return instant(datetime.combine(day + timedelta(days=1), time.min), zone)


def sent(outreach: Outreach) -> list[Left]:
    with outreach.services.database.reading() as session:
        query = (
            select(Message.sent_at, Message.prospect_id, Step.position, Message.due_at)
            .join(Step, Step.id == Message.step_id)
            .where(Message.sent_at.is_not(None))
        )
        return sorted(Left(*row) for row in session.execute(query).all())  # type: ignore[arg-type]  # sent


def ended(outreach: Outreach) -> list[tuple[datetime, int, int]]:
    return sorted(
        (one.changed_at, one.id, one.position)
        for one in outreach.enrolments()
        if one.state is not EnrolmentState.RUNNING
    )


def told_of(events: Sequence[Event]) -> list[Left]:
    return sorted(
        Left(one.at, one.prospect_id, one.position, one.due_at)
        for one in events
        if one.what is Happening.MAIL and one.due_at is not None
    )


def everything(outreach: Outreach, clock: FakeClock) -> tuple[int, list[int]]:
    """Countries, holidays, ramp, gap, jitter, cap, colleagues, refusals, and others who are on their way."""
    clock.now = MARCH
    box = outreach.mailbox(cap=9, gap=timedelta(minutes=25), jitter=timedelta(minutes=20), ramp=(3, 2))
    steps = (mail(), hand_work(2), wait(3), mail(0, ""), mail(5, ""))
    sequence = outreach.sequence(*steps, mailbox=box)
    before = outreach.sequence(mail(), mail(4, ""), mailbox=box)
    outreach.enrol([outreach.person("no@vroeger.example"), *outreach.people(6)], before)
    outreach.refuse("no@vroeger.example")
    people = outreach.people(10)
    people += [
        outreach.person(country=country, time_zone="")
        for country in ("BE", "BE", "BE", "FR", "FR", "GB", "GB", "FI", "PT", "PT", "DE")
    ]
    firm = outreach.prospect(people[0]).company_id
    people += [outreach.person(company_id=firm), outreach.person(company_id=firm)]
    people += [outreach.person(), outreach.person("nee@nooit.example")]
    outreach.refuse("nee@nooit.example")
    return sequence, people


@pytest.mark.both_databases
def test_every_mail_leaves_when_the_rehearsal_says(
    outreach: Outreach, clock: FakeClock, database_kind: str
) -> None:
    sequence, people = everything(outreach, clock)
    told = rehearsed(outreach, sequence, people, days=DAYS[database_kind], task_days=1)
    found = outreach.enrol(people, sequence)
    assert {one.prospect_id for one in found if not one.is_in} == {one.person.id for one in told.left}
    play(outreach, clock, told)

    assert sent(outreach) == told_of([*told.events, *told.others])
    assert ended(outreach) == sorted(
        (one.at, one.enrolment_id, one.position)
        for one in [*told.events, *told.others]
        if one.what in {Happening.FINISHED, Happening.STOPPED, Happening.PAUSED}
    )
    assert len({one.at.date() for one in told.mails}) > DAYS[database_kind] // 3
    assert len(told.mails) > DAYS[database_kind]


@pytest.mark.both_databases
def test_a_crowd_leaves_as_fast_as_the_cap_lets_it(
    outreach: Outreach, clock: FakeClock, database_kind: str
) -> None:
    """More than a batch of the planner at once and several tens in a claim, without a gap."""
    clock.now = MARCH
    ticks = Ticks(timedelta(minutes=30), timedelta(minutes=30))
    sequence = outreach.sequence(mail(), hand_work(0), mail(0, ""), mailbox=outreach.mailbox(cap=70))
    people = outreach.people(CROWD[database_kind])
    people += [outreach.person(company_id=outreach.prospect(one).company_id) for one in people[:4]]
    told = rehearsed(outreach, sequence, people, days=8, ticks=ticks)
    outreach.enrol(people, sequence)
    play(outreach, clock, told, ticks)

    assert sent(outreach) == told_of(told.events)
    assert len(told.mails) > CROWD[database_kind] * 1.8
    assert max(told.load.values()) == 70
    assert max(Counter(one.at for one in told.mails).values()) > 20


@pytest.mark.both_databases
def test_those_on_their_way_are_rehearsed_from_where_they_are(outreach: Outreach, clock: FakeClock) -> None:
    """Mails in the outbox, a task that waits, a pause that ends, and half a day of the cap used."""
    clock.now = MARCH
    box = outreach.mailbox(cap=6, gap=timedelta(minutes=10), jitter=timedelta(minutes=5))
    sequence = outreach.sequence(mail(), hand_work(1), mail(2, ""), mailbox=box)
    outreach.enrol(outreach.people(11), sequence)
    clock.now += timedelta(hours=4)
    outreach.plan()
    outreach.dispatch()
    with outreach.services.database.transaction() as session:
        running = [one.id for one in outreach.enrolments() if one.next_due_at is not None][-2:]
        hold(session, running, StopReason.BY_STAFF, at=clock.now, resumes_at=clock.now + timedelta(days=3))
    told = rehearsed(outreach, sequence, None, days=30, task_days=2)
    already = sent(outreach)
    play(outreach, clock, told)

    assert sent(outreach) == sorted([*already, *told_of(told.events)])
    assert len(told.mails) > 15


@pytest.mark.both_databases
@pytest.mark.parametrize("gap", [timedelta(), timedelta(minutes=10)])
def test_the_last_mails_a_company_gets_are_rehearsed(
    outreach: Outreach, clock: FakeClock, gap: timedelta
) -> None:
    """Colleagues whose mails are due at one tick: of those beyond the limit the older ones go first."""
    clock.now = MARCH
    ticks = Ticks(timedelta(hours=12), timedelta(hours=12))
    with outreach.services.database.transaction() as session:
        rules.change(session, "unanswered_a_company", 3, was=0, by=None, at=clock.now)
        rules.change(session, "sequences_a_company", 5, was=0, by=None, at=clock.now)
    sequence = outreach.sequence(mail(), mail(3, ""), mailbox=outreach.mailbox(gap=gap))
    first = outreach.person()
    people = [first, *(outreach.person(company_id=outreach.prospect(first).company_id) for _ in range(4))]
    told = rehearsed(outreach, sequence, people, days=30, ticks=ticks)
    outreach.enrol(people, sequence)
    play(outreach, clock, told, ticks)

    assert sent(outreach) == told_of(told.events)
    assert len(told.mails) == 3
