"""A pause of a sequence, a mailbox or everything: its end, another end, and none."""

from datetime import timedelta

import pytest

from crm.audit import chain
from crm.operations import pause_ends
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding import pause_end
from crm.workflows.holding.pause import Wish
from crm.workflows.series.retire_sequence import delete_sequence
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases
SPAN = timedelta(minutes=20)  # a short one: all of a test is within one day's office hours
REACHES = [Reach.SEQUENCE, Reach.MAILBOX, Reach.EVERYTHING]


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    """Somebody whose mail is due."""
    outreach = Outreach(services)
    [found] = outreach.enrol(outreach.person(), outreach.sequence(mail()))
    assert found.due_at
    clock.now = found.due_at
    return outreach


def scope_of(reach: Reach) -> Scope:
    return EVERYTHING if reach is Reach.EVERYTHING else Scope(reach, 1)


def wish(outreach: Outreach, spans: int | None) -> Wish:
    until = None if spans is None else outreach.now + spans * SPAN
    return Wish(chain.OWNER, outreach.now, until=until)


def pause(outreach: Outreach, scope: Scope, spans: int | None) -> bool:
    with outreach.services.database.transaction() as session:
        return pauses.write(session, scope, wish(outreach, spans))


def move(outreach: Outreach, scope: Scope, spans: int | None) -> bool:
    with outreach.services.database.transaction() as session:
        return pause_end.move_end(session, scope, wish(outreach, spans))


def leaves_after(outreach: Outreach, clock: FakeClock, spans: int) -> bool:
    clock.advance(spans * SPAN)
    outreach.plan()
    clock.advance(timedelta(minutes=15))
    outreach.plan()
    return outreach.dispatch().sent == 1


@pytest.mark.parametrize("reach", REACHES)
def test_a_pause_with_an_end_ends_by_itself(outreach: Outreach, clock: FakeClock, reach: Reach) -> None:
    pause(outreach, scope_of(reach), 2)
    assert not leaves_after(outreach, clock, 1)
    assert leaves_after(outreach, clock, 1)


@pytest.mark.parametrize("reach", REACHES)
def test_a_running_pause_gets_another_end(outreach: Outreach, clock: FakeClock, reach: Reach) -> None:
    pause(outreach, scope_of(reach), 1)
    assert move(outreach, scope_of(reach), 3)
    assert not leaves_after(outreach, clock, 2)
    assert leaves_after(outreach, clock, 1)


@pytest.mark.parametrize("reach", REACHES)
def test_a_running_pause_may_lose_its_end_or_get_its_first(
    outreach: Outreach, clock: FakeClock, reach: Reach
) -> None:
    pause(outreach, scope_of(reach), 1)
    move(outreach, scope_of(reach), None)
    assert not leaves_after(outreach, clock, 2)
    move(outreach, scope_of(reach), 1)
    assert leaves_after(outreach, clock, 1)


def test_what_is_not_paused_has_no_end(outreach: Outreach) -> None:
    assert [move(outreach, scope_of(reach), 1) for reach in REACHES] == [False] * 3


def test_a_pause_that_waits_for_somebody_outlasts_an_end(outreach: Outreach, clock: FakeClock) -> None:
    scope = scope_of(Reach.SEQUENCE)
    pause(outreach, scope, 1)
    assert not pause(outreach, scope, None)  # the guardrail finds it paused
    assert not leaves_after(outreach, clock, 2)


def test_who_lets_it_go_on_before_leaves_no_end_for_the_next_pause(
    outreach: Outreach, clock: FakeClock
) -> None:
    scope = scope_of(Reach.SEQUENCE)
    pause(outreach, scope, 1)
    with outreach.services.database.transaction() as session:
        pauses.resume(session, scope, wish(outreach, None))
    pause(outreach, scope, None)
    assert not leaves_after(outreach, clock, 2)


def test_what_is_deleted_leaves_no_end(outreach: Outreach, clock: FakeClock) -> None:
    doomed = outreach.sequence(mail())
    pause(outreach, Scope(Reach.SEQUENCE, doomed), 1)
    with outreach.services.database.transaction() as session:
        delete_sequence(session, doomed, by=None, at=outreach.now)
    assert ends(outreach) == []
    assert leaves_after(outreach, clock, 1)


def test_the_end_of_something_that_is_gone_is_over_as_well(outreach: Outreach, clock: FakeClock) -> None:
    with outreach.services.database.transaction() as session:
        pause_ends.put(session, "sequence 99", outreach.now + SPAN, by=None)
    assert leaves_after(outreach, clock, 1)
    assert ends(outreach) == []


def test_an_end_that_cannot_be_kept_holds_up_nothing(
    outreach: Outreach, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    with outreach.services.database.transaction() as session:
        pause_ends.put(session, "a word of another release", outreach.now, by=None)
    pause(outreach, scope_of(Reach.MAILBOX), 1)
    assert leaves_after(outreach, clock, 1)
    assert any(one.exc_info for one in caplog.records)


def ends(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return pause_ends.over(session, now=outreach.now + 99 * SPAN)
