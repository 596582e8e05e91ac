"""Two who change one pause at once: the second waits for the first, and goes by what it left behind."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy.orm import Session

from crm.delivery import mailboxes
from crm.operations import pause_ends
from crm.queries.sending.leaving import Reach, Scope
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding import pause_end
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail
from tests.postgres import SESSIONS_WAITING
from tests.workflows.holding.test_pause_ends import REACHES, SPAN, move, pause, scope_of, wish

pytestmark = pytest.mark.on_postgresql


@pytest.fixture
def outreach(services: Services) -> Outreach:
    outreach = Outreach(services)
    outreach.sequence(mail())
    return outreach


def at_once(outreach: Outreach, first: Callable[[Session], object], second: Callable[[], bool]) -> bool:
    """What `second` answers, which begins while `first` is not committed."""
    with ThreadPoolExecutor(1) as other:
        with outreach.services.database.transaction() as session:
            first(session)
            running = other.submit(second)
            until_it_waits(outreach, running)
        return running.result(timeout=20)


def until_it_waits(outreach: Outreach, running: Future[bool]) -> None:
    """Until the second waits for the first, or is through without."""
    deadline = monotonic() + 5
    while not running.done() and monotonic() < deadline:
        with outreach.services.database.reading() as looking:
            if looking.scalar(SESSIONS_WAITING):
                return
        sleep(0.01)


def ends_by_itself(outreach: Outreach, scope: Scope) -> Callable[[Session], object]:
    return lambda session: pause_end.end(session, name=str(scope), now=outreach.now)


def goes_on(outreach: Outreach, scope: Scope) -> Callable[[Session], object]:
    return lambda session: pauses.resume(session, scope, wish(outreach, None))


def moves(outreach: Outreach, scope: Scope, spans: int) -> Callable[[Session], object]:
    return lambda session: pause_end.move_end(session, scope, wish(outreach, spans))


def resume(outreach: Outreach, scope: Scope) -> bool:
    with outreach.services.database.transaction() as session:
        return pauses.resume(session, scope, wish(outreach, None))


def is_paused(outreach: Outreach, scope: Scope) -> bool:
    with outreach.services.database.reading() as session:
        return pause_end.is_paused(session, scope)


def spans_left(outreach: Outreach, scope: Scope) -> float | None:
    """Until its end; None without one."""
    with outreach.services.database.reading() as session:
        ends_at = pause_ends.of(session, str(scope))
    return (ends_at - outreach.now) / SPAN if ends_at else None


@pytest.mark.parametrize("reach", REACHES)
@pytest.mark.parametrize("spans", [None, 3])
def test_who_pauses_while_the_pause_before_ends_has_paused(
    outreach: Outreach, clock: FakeClock, reach: Reach, spans: int | None
) -> None:
    scope = scope_of(reach)
    pause(outreach, scope, 1)
    clock.advance(SPAN)
    assert at_once(outreach, ends_by_itself(outreach, scope), lambda: pause(outreach, scope, spans))
    assert is_paused(outreach, scope)
    assert spans_left(outreach, scope) == spans


@pytest.mark.parametrize("reach", REACHES)
def test_who_pauses_while_somebody_lets_it_go_on_has_paused(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(reach)
    pause(outreach, scope, None)
    assert at_once(outreach, goes_on(outreach, scope), lambda: pause(outreach, scope, 1))
    assert is_paused(outreach, scope)
    assert spans_left(outreach, scope) == 1


def test_a_mailbox_whose_provider_refuses_stays_paused_though_its_pause_ends(
    outreach: Outreach, clock: FakeClock
) -> None:
    """The program pauses it in the transaction that writes the refusal down."""
    scope = scope_of(Reach.MAILBOX)
    pause(outreach, scope, 1)
    clock.advance(SPAN)

    def quota() -> bool:
        with outreach.services.database.transaction() as session:
            return mailboxes.pause(session, scope.id, reason="quota", at=outreach.now)

    assert at_once(outreach, ends_by_itself(outreach, scope), quota)
    assert is_paused(outreach, scope)


@pytest.mark.parametrize("reach", REACHES)
def test_of_two_who_move_an_end_the_later_one_holds(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(reach)
    pause(outreach, scope, None)
    assert at_once(outreach, moves(outreach, scope, 2), lambda: move(outreach, scope, 3))
    assert spans_left(outreach, scope) == 3


@pytest.mark.parametrize("reach", REACHES)
def test_an_end_that_is_moved_while_the_pause_is_over_is_nobodys(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(reach)
    pause(outreach, scope, 1)
    assert not at_once(outreach, goes_on(outreach, scope), lambda: move(outreach, scope, 3))
    assert (is_paused(outreach, scope), spans_left(outreach, scope)) == (False, None)


@pytest.mark.parametrize("reach", REACHES)
def test_who_lets_it_go_on_takes_an_end_along_that_is_being_moved(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(reach)
    pause(outreach, scope, None)
    assert at_once(outreach, moves(outreach, scope, 2), lambda: resume(outreach, scope))
    assert (is_paused(outreach, scope), spans_left(outreach, scope)) == (False, None)


def test_a_pause_that_comes_while_its_end_is_read_is_not_ended(outreach: Outreach, clock: FakeClock) -> None:
    """Whoever ends what is over read its name before; by then it may be paused anew."""
    scope = scope_of(Reach.SEQUENCE)
    pause(outreach, scope, 1)
    clock.advance(SPAN + timedelta(seconds=1))

    def ends() -> bool:
        with outreach.services.database.transaction() as session:
            return pause_end.end(session, name=str(scope), now=outreach.now)

    assert not at_once(outreach, moves(outreach, scope, 2), ends)
    assert is_paused(outreach, scope)
