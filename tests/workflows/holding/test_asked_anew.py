"""A question that was answered is asked again when the same thing comes up at the same step."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm.audit import chain
from crm.conversations import tasks
from crm.conversations.models import Task
from crm.delivery.models import MessageState
from crm.permission.terms import AddressState
from crm.prospects.models import Prospect
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

UNWRITABLE = mail(0, "Foto's", "Dag {{ first_name }},\n\nTot ziens.")


def questions(outreach: Outreach) -> list[bool]:
    """Every one that was asked, and whether it is answered."""
    with outreach.services.database.reading() as session:
        return [done is not None for done in session.scalars(select(Task.done_at).order_by(Task.id))]


def let_go_on(outreach: Outreach) -> None:
    [one] = outreach.enrolments()
    with outreach.services.database.transaction() as session:
        pauses.resume(session, Scope(Reach.ENROLMENT, one.id), Wish(chain.OWNER, outreach.now))


def test_a_step_that_waits_for_the_same_reason_again_is_asked_about_again(
    services: Services, clock: FakeClock
) -> None:
    outreach = Outreach(services)
    outreach.enrol(outreach.person(name=""), outreach.sequence(UNWRITABLE))
    seen = []
    for _ in range(3):
        clock.advance(timedelta(days=1))
        outreach.plan()
        outreach.plan()
        [one] = outreach.enrolments()
        assert (one.state, one.stop_reason) == (EnrolmentState.PAUSED, StopReason.BLOCKED)
        seen.append(questions(outreach))
        let_go_on(outreach)
    assert seen == [[False], [True, False], [True, True, False]]


def test_the_sender_asks_again_as_well(services: Services, clock: FakeClock) -> None:
    outreach = Outreach(services)
    outreach.enrol(outreach.person(), outreach.sequence(mail()))
    seen = []
    for _ in range(2):
        address(outreach, AddressState.WORKS)
        while not any(one.state is MessageState.DUE for one in outreach.messages()):
            clock.advance(timedelta(hours=1))
            outreach.plan()
        address(outreach, AddressState.BOUNCING)
        clock.advance(timedelta(minutes=10))
        outreach.dispatch()
        seen.append((outreach.enrolments()[0].stop_reason, questions(outreach)))
        let_go_on(outreach)
    assert seen == [(StopReason.IN_DOUBT, [False]), (StopReason.IN_DOUBT, [True, False])]


def address(outreach: Outreach, state: AddressState) -> None:
    with outreach.services.database.transaction() as session:
        session.execute(update(Prospect).values(address_state=state.value))


def test_one_that_nobody_has_answered_stays_the_only_one(services: Services) -> None:
    outreach = Outreach(services)
    who = outreach.person()
    with services.database.transaction() as session:
        asked = [
            tasks.ask(session, who, "Still?", dedupe_key="x:1", now=outreach.now, again=again)
            for again in (True, True, False)
        ]
    assert asked == [True, False, False]
    with services.database.transaction() as session:
        [task] = session.scalars(select(Task.id))
        session.get_one(Task, task).done_at = outreach.now
    with services.database.transaction() as session:
        once = tasks.ask(session, who, "Still?", dedupe_key="x:1", now=outreach.now)
        anew = tasks.ask(session, who, "Still?", dedupe_key="x:1", now=outreach.now, again=True)
    assert (once, anew) == (False, True)
