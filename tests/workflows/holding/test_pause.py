"""Pausing and letting go on: what is answered, what is on record."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.audit import chain
from crm.audit.models import AuditEntry
from crm.kernel.errors import NotFoundError
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import EnrolmentState
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Desk, Paused, Wish
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.dispatch import send_handful
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases
REACHES = list(Reach)


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    outreach = Outreach(services)
    outreach.enrol(outreach.person(), outreach.sequence(mail()))
    clock.now = NOW.replace(hour=15, minute=50)
    outreach.plan()
    return outreach


def scope_of(outreach: Outreach, reach: Reach) -> Scope:
    [message], [enrolment] = outreach.messages(), outreach.enrolments()
    ids = {
        Reach.MAILBOX: message.mailbox_id,
        Reach.SEQUENCE: enrolment.sequence_id,
        Reach.ENROLMENT: enrolment.id,
    }
    return Scope(reach, ids.get(reach, 0))


def pause(outreach: Outreach, scope: Scope) -> Paused:
    desk = Desk(outreach.services.database, outreach.services.clocks.real, pause=lambda _: None)
    return pauses.pause(desk, scope, Wish(chain.OWNER, outreach.now))


def resume(outreach: Outreach, scope: Scope) -> bool:
    with outreach.services.database.transaction() as session:
        return pauses.resume(session, scope, Wish(chain.OWNER, outreach.now))


def record(outreach: Outreach) -> list[tuple[str, str]]:
    with outreach.services.database.reading() as session:
        rows = session.execute(select(AuditEntry.action, AuditEntry.object).order_by(AuditEntry.id))
        return [(what, of) for what, of in rows if what.endswith(("paused", "resumed", "in_flight"))]


@pytest.mark.parametrize("reach", REACHES)
def test_a_pause_holds_until_somebody_lets_it_go_on(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(outreach, reach)
    assert pause(outreach, scope) == Paused(changed=True, leaving=())
    assert outreach.dispatch().claimed == 0
    assert resume(outreach, scope)
    outreach.plan()
    assert outreach.dispatch().sent == 1
    assert record(outreach) == [(f"{reach.value}.paused", str(scope)), (f"{reach.value}.resumed", str(scope))]


@pytest.mark.parametrize("reach", REACHES)
def test_what_was_claimed_when_the_pause_came_goes_back(
    outreach: Outreach, clock: FakeClock, reach: Reach
) -> None:
    batch = claim_batch(
        outreach.services.database, outreach.services.settings, now=clock.now, real_now=clock.now
    )
    scope = scope_of(outreach, reach)
    answer = pause(outreach, scope)
    assert answer.leaving == (outreach.messages()[0].public_id,)  # a worker holds it: we cannot be sure yet
    assert send_handful(outreach.room, batch, batch.ids).stayed == 1
    assert pause(outreach, scope).is_final
    assert resume(outreach, scope)
    outreach.plan()
    assert outreach.dispatch().sent == 1


def test_what_may_still_arrive_is_kept_by_number(outreach: Outreach, clock: FakeClock) -> None:
    claim_batch(outreach.services.database, outreach.services.settings, now=clock.now, real_now=clock.now)
    pause(outreach, EVERYTHING)
    assert record(outreach)[-1] == ("pause.in_flight", "everything")


def test_a_claim_whose_lease_is_over_keeps_nobody_waiting(outreach: Outreach, clock: FakeClock) -> None:
    claim_batch(
        outreach.services.database,
        outreach.services.settings,
        now=clock.now,
        real_now=clock.now - timedelta(minutes=5),
    )
    assert pause(outreach, EVERYTHING).is_final


@pytest.mark.parametrize("reach", [Reach.EVERYTHING, Reach.MAILBOX, Reach.SEQUENCE])
def test_the_second_of_two_who_pause_at_once_is_told(outreach: Outreach, reach: Reach) -> None:
    scope = scope_of(outreach, reach)
    assert pause(outreach, scope).changed
    assert not pause(outreach, scope).changed
    assert resume(outreach, scope)
    assert not resume(outreach, scope)
    assert len(record(outreach)) == 2


def test_a_pause_of_one_does_not_stop_another(outreach: Outreach, clock: FakeClock) -> None:
    scope = scope_of(outreach, Reach.ENROLMENT)
    clock.now = NOW
    other = outreach.sequence(mail())
    outreach.enrol(outreach.person(), other)
    clock.now = NOW.replace(hour=15, minute=55)
    outreach.plan()
    pause(outreach, scope)
    assert outreach.dispatch().sent == 1


def test_one_persons_pause_ends_on_its_day(outreach: Outreach, clock: FakeClock) -> None:
    [one] = outreach.enrolments()
    until = NOW + timedelta(days=1)
    desk = outreach.services.pause_desk
    pauses.pause(desk, Scope(Reach.ENROLMENT, one.id), Wish(chain.OWNER, clock.now, until=until))
    outreach.plan()
    assert outreach.enrolments()[0].state is EnrolmentState.PAUSED
    clock.now = until + timedelta(hours=2)
    outreach.plan()
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING
    assert outreach.dispatch().sent == 1


@pytest.mark.parametrize("reach", [Reach.MAILBOX, Reach.SEQUENCE, Reach.ENROLMENT])
def test_nothing_is_said_about_what_there_is_not(outreach: Outreach, reach: Reach) -> None:
    with pytest.raises(NotFoundError):
        pause(outreach, Scope(reach, 4_000))
    with pytest.raises(NotFoundError):
        resume(outreach, Scope(reach, 4_000))
