"""Hand work of a sequence: what holds a mail because of a word or a switch holds a task too."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from crm.audit import chain
from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.privacy.models import RefusalScope
from crm.prospects.models import Prospect
from crm.queries.pages import open_tasks
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import EnrolmentState, StopReason
from crm.sequences.pauses import pause_all
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from crm.workflows.holding.resume import resume
from crm.workflows.inbox.doubts import hold_in_doubt
from tests.conftest import FakeClock
from tests.outreach import Outreach, hand_work, mail

pytestmark = pytest.mark.both_databases

SCOPES: dict[str, Callable[[int, int], Scope]] = {
    "everything": lambda _one, _box: EVERYTHING,
    "mailbox": lambda _one, box: Scope(Reach.MAILBOX, box),
    "sequence": lambda one, _box: Scope(Reach.SEQUENCE, one),
}


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def begin(outreach: Outreach, clock: FakeClock) -> tuple[int, int, int]:
    """A person whose task is due now; person, sequence and mailbox."""
    box, person = outreach.mailbox(), outreach.person("anna@winkel.example")
    sequence = outreach.sequence(hand_work(0, "Bel even op"), mail(1), mailbox=box)
    [found] = outreach.enrol(person, sequence)
    assert found.due_at
    clock.now = found.due_at
    return person, sequence, box


def turn(outreach: Outreach, scope: Scope, *, on: bool) -> None:
    wish = Wish(by=chain.PROGRAM, at=outreach.now)
    with outreach.services.database.transaction() as session:
        (pauses.write if on else pauses.resume)(session, scope, wish)


def titles(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Task.title).where(Task.kind == TaskKind.STEP)))


@pytest.mark.parametrize("reach", SCOPES)
def test_a_pause_holds_a_task_until_it_ends(outreach: Outreach, clock: FakeClock, reach: str) -> None:
    _, sequence, box = begin(outreach, clock)
    scope = SCOPES[reach](sequence, box)
    turn(outreach, scope, on=True)
    done = outreach.plan()
    assert (done.tasks, done.waiting, titles(outreach)) == (0, 1, [])
    turn(outreach, scope, on=False)
    clock.advance(timedelta(minutes=15))
    assert (outreach.plan().tasks, titles(outreach)) == (1, ["Bel even op"])


def test_a_task_held_by_a_pause_grows_late_meanwhile(outreach: Outreach, clock: FakeClock) -> None:
    _, sequence, _ = begin(outreach, clock)
    due_at = clock.now
    turn(outreach, Scope(Reach.SEQUENCE, sequence), on=True)
    outreach.plan()
    assert outreach.enrolments()[0].held_due_at == due_at
    clock.advance(timedelta(days=7))
    turn(outreach, Scope(Reach.SEQUENCE, sequence), on=False)
    assert outreach.plan().tasks == 0
    [one] = outreach.enrolments()
    assert (one.state, one.stop_reason) == (EnrolmentState.PAUSED, StopReason.TOO_LATE)


def test_nothing_is_done_by_hand_with_data_that_is_restricted(outreach: Outreach, clock: FakeClock) -> None:
    person, _, _ = begin(outreach, clock)
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).where(Prospect.id == person).values(restricted_at=clock.now))
    assert (outreach.plan().tasks, titles(outreach)) == (0, [])
    [one] = outreach.enrolments()
    assert (one.state, one.stop_detail) == (EnrolmentState.STOPPED, "restricted")


def test_a_snooze_moves_a_task_behind_its_end(outreach: Outreach, clock: FakeClock) -> None:
    person, _, _ = begin(outreach, clock)
    until = clock.now + timedelta(days=30)
    outreach.refuse(outreach.prospect(person).address, scope=RefusalScope.SNOOZE, until=until)
    assert outreach.plan().tasks == 0
    assert _due(outreach) >= until


def test_a_task_asks_nothing_that_only_a_mail_needs(outreach: Outreach, clock: FakeClock) -> None:
    box, person = outreach.mailbox(), outreach.person()
    [found] = outreach.enrol(person, outreach.sequence(hand_work(), mail(1), mailbox=box))
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).where(Prospect.id == person).values(role_relevance=""))
    assert found.due_at
    clock.now = found.due_at
    assert outreach.plan().tasks == 1


def _due(outreach: Outreach) -> datetime:
    due_at = outreach.enrolments()[0].next_due_at
    assert due_at
    return due_at


def waiting(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Task.title).where(open_tasks.waiting())))


def test_a_task_is_off_the_list_while_it_is_in_doubt_whether_they_said_no(
    outreach: Outreach, clock: FakeClock
) -> None:
    person, _, _ = begin(outreach, clock)
    outreach.plan()
    assert waiting(outreach) == ["Bel even op"]
    with outreach.services.database.transaction() as session:
        hold_in_doubt(session, person, now=outreach.now)
    assert waiting(outreach) == []
    with outreach.services.database.transaction() as session:
        resume(session, [outreach.enrolments()[0].id], now=outreach.now)
    assert waiting(outreach) == ["Bel even op"]


@pytest.mark.parametrize("reason", [StopReason.BY_STAFF, StopReason.OUT_OF_OFFICE])
def test_any_other_pause_leaves_it_there(outreach: Outreach, clock: FakeClock, reason: StopReason) -> None:
    person, _, _ = begin(outreach, clock)
    outreach.plan()
    with outreach.services.database.transaction() as session:
        pause_all(session, [person], reason, at=outreach.now)
    assert waiting(outreach) == ["Bel even op"]


def test_what_asks_about_the_doubt_stays_on_the_list(outreach: Outreach, clock: FakeClock) -> None:
    person, _, _ = begin(outreach, clock)
    outreach.plan()
    [row] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        tasks.ask(session, person, "Go on?", dedupe_key="doubt", now=outreach.now, enrolment_id=row.id)
        hold_in_doubt(session, person, now=outreach.now)
    assert waiting(outreach) == ["Go on?"]
