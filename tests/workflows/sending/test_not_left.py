"""A mail by hand that did not leave, or that somebody waits for, is told on Today (I03)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.conversations.models import Task
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted, Rejected
from crm.kernel.mail import MailKind
from crm.services import Services
from tests.conftest import FakeClock
from tests.outreach import Outreach
from tests.workflows.reports.reported import handed_over, says
from tests.workflows.sending.test_dispatch import answer, manual, planned

pytestmark = pytest.mark.both_databases

BY_HAND = [MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS]


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def told(outreach: Outreach) -> list[tuple[int, str]]:
    with outreach.services.database.reading() as session:
        return [(one.prospect_id, one.title) for one in session.scalars(select(Task))]


@pytest.mark.parametrize("kind", BY_HAND)
def test_what_a_provider_refused_for_good_is_told(outreach: Outreach, kind: MailKind) -> None:
    who = outreach.person()
    manual(outreach, who, kind, subject_line="Uw vraag")
    answer(outreach, Rejected("550", "5.7.1 not here"))
    outreach.dispatch()
    assert outreach.states() == [State.REJECTED]
    [(person, title)] = told(outreach)
    assert (person, title[:26]) == (who, "“Uw vraag” was not sent: t")


@pytest.mark.parametrize("kind", [MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP])
def test_what_the_gate_withheld_is_told(outreach: Outreach, kind: MailKind) -> None:
    who = outreach.person("ann@winkel.example")
    manual(outreach, who, kind)
    outreach.refuse("ann@winkel.example")
    outreach.dispatch()
    assert outreach.states() == [State.WITHHELD]
    assert [person for person, _ in told(outreach)] == [who]


def test_what_left_is_not_told(outreach: Outreach) -> None:
    manual(outreach, outreach.person(), MailKind.REPLY)
    outreach.dispatch()
    assert (outreach.states(), told(outreach)) == ([State.SENT], [])


def test_of_a_step_its_sequence_tells(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock)
    answer(outreach, Rejected("550", "5.7.1 not here"))
    outreach.dispatch()
    assert (outreach.states(), told(outreach)) == ([State.REJECTED], [])


def test_what_a_provider_took_and_dropped_is_told_once(services: Services, clock: FakeClock) -> None:
    case = handed_over(services, clock, answer=Accepted("first"))
    manual(case.outreach, case.enrolment.prospect_id, MailKind.REPLY)
    case.outreach.dispatch()
    name = case.outreach.messages()[-1].public_id
    for _ in range(2):
        case.keep(says(case, "dropped", reason="Spam Content", crm_message_id=name))
    case.apply()
    assert [person for person, _ in told(case.outreach)] == [case.enrolment.prospect_id]


def test_what_a_colleague_wrote_before_a_long_standstill_does_not_leave_and_is_told(
    outreach: Outreach, clock: FakeClock
) -> None:
    """Its words may be wrong by now; an answer is waited for, and leaves."""
    who = outreach.person()
    manual(outreach, who)
    manual(outreach, outreach.person(), MailKind.REPLY)
    clock.advance(timedelta(days=7))
    outreach.dispatch()
    assert outreach.states() == [State.WITHHELD, State.SENT]
    assert [person for person, _ in told(outreach)] == [who]
