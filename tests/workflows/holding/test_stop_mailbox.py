"""A mailbox that would fail over every mail waits for somebody, whatever it was paused for before."""

from datetime import timedelta

import pytest

from crm.audit import chain
from crm.delivery.ports import NotSent, NotSentReason
from crm.kernel.faults import watched
from crm.operations import alarms, pause_ends
from crm.queries.pages.alarms import standing
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding import pause_end
from crm.workflows.holding.pause import Wish
from crm.workflows.holding.stop_mailbox import stop_mailbox
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail
from tests.workflows.sending.test_dispatch import answer, planned

pytestmark = pytest.mark.both_databases

BOX = Scope(Reach.MAILBOX, 1)
SPAN = timedelta(minutes=20)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    outreach = Outreach(services)
    outreach.sequence(mail())
    return outreach


def pause(outreach: Outreach, scope: Scope = BOX, *, until: timedelta | None = SPAN) -> None:
    wish = Wish(chain.OWNER, outreach.now, until=None if until is None else outreach.now + until)
    with outreach.services.database.transaction() as session:
        pauses.write(session, scope, wish)


def stop(outreach: Outreach, cause: str = "provider_quota") -> None:
    with outreach.services.database.transaction() as session:
        stop_mailbox(session, BOX.id, cause=cause, now=outreach.now)


def is_paused(outreach: Outreach, clock: FakeClock) -> bool:
    """Once every end is reached."""
    clock.advance(2 * SPAN)
    outreach.plan()
    with outreach.services.database.reading() as session:
        return pause_end.is_paused(session, BOX)


def shown(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return [one.kind for one in standing(session)]


def test_a_pause_that_would_end_by_itself_waits_for_somebody(outreach: Outreach, clock: FakeClock) -> None:
    pause(outreach)
    stop(outreach)
    assert shown(outreach) == ["mailbox_provider_quota"]
    assert is_paused(outreach, clock)


def test_without_that_it_ends(outreach: Outreach, clock: FakeClock) -> None:
    pause(outreach)
    assert not is_paused(outreach, clock)


def test_an_end_that_a_colleague_gave_for_that_cause_stays(outreach: Outreach, clock: FakeClock) -> None:
    """What is reported after it left before."""
    stop(outreach)
    with outreach.services.database.transaction() as session:
        until = outreach.now + SPAN
        assert pause_end.move_end(session, BOX, Wish(chain.OWNER, outreach.now, until=until))
    stop(outreach)
    assert not is_paused(outreach, clock)
    assert shown(outreach) == []


def test_what_a_colleague_paused_without_an_end_keeps_their_words(outreach: Outreach) -> None:
    pause(outreach, until=None)
    stop(outreach)
    assert shown(outreach) == []


def test_a_provider_that_does_not_let_us_in_stops_it_as_well(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    box = Scope(Reach.MAILBOX, outreach.messages()[0].mailbox_id)

    def meanwhile(name: str) -> None:
        if name == "transport.before":
            pause(outreach, box)

    answer(outreach, NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True))
    with watched(meanwhile):
        outreach.dispatch()
    with outreach.services.database.reading() as session:
        assert pause_ends.of(session, str(box)) is None
    assert shown(outreach) == ["mailbox_login_refused"]


# --- alarms, when a pause ends by itself


def sound(outreach: Outreach, kind: str, scope: Scope) -> None:
    with outreach.services.database.transaction() as session:
        alarms.sound(session, kind, str(scope), detail={"error": "KeyError"}, at=outreach.now)


def test_the_alarm_that_something_stood_still_for_goes_with_its_pause(
    outreach: Outreach, clock: FakeClock
) -> None:
    pause(outreach)
    sound(outreach, "our_proof", BOX)
    assert not is_paused(outreach, clock)
    assert shown(outreach) == []


@pytest.mark.parametrize(
    ("kind", "scope"), [(alarms.SOON, BOX), (alarms.GATE, EVERYTHING), (alarms.PLANNER, EVERYTHING)]
)
def test_one_that_paused_nothing_stays_until_its_cause_is_gone(
    outreach: Outreach, clock: FakeClock, kind: str, scope: Scope
) -> None:
    pause(outreach, scope)
    sound(outreach, kind, scope)
    assert not is_paused(outreach, clock)
    assert shown(outreach) == [kind]
