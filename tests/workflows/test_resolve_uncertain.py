"""A person decides what nobody knows."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm.audit.models import AuditEntry
from crm.delivery import reports
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Uncertain
from crm.delivery.states import EventKind
from crm.kernel.errors import ConflictError, NotFoundError
from crm.permission.models import Contact
from crm.sequences.models import Enrolment, EnrolmentState
from crm.services import Services
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    """Somebody's first of two mails went out, and no answer came."""
    outreach = Outreach(services)
    outreach.enrol(outreach.person("ann@winkel.example"), outreach.sequence(mail(), mail(3, "")))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    outreach.plan()
    assert isinstance(services.mailer, MemoryMailer)
    services.mailer.answer = Uncertain("timed_out")
    outreach.dispatch()
    services.mailer.answer = None
    return outreach


def resolve(outreach: Outreach, verdict: Verdict) -> State:
    services = outreach.services
    with services.database.transaction() as session:
        return resolve_uncertain(
            session,
            outreach.messages()[0].id,
            verdict,
            by=1,
            now=outreach.now,
            ring=services.settings.keys.addresses,
        )


def contacts(outreach: Outreach) -> int:
    with outreach.services.database.reading() as session:
        return len(session.scalars(select(Contact.id)).all())


def test_counted_as_sent_it_is_like_any_mail_that_left(outreach: Outreach) -> None:
    assert resolve(outreach, Verdict.COUNT_AS_SENT) is State.SENT
    [one] = outreach.enrolments()
    assert (contacts(outreach), one.position, one.next_due_at is not None) == (1, 2, True)


def test_not_sent_it_is_skipped_and_the_next_step_follows(outreach: Outreach) -> None:
    assert resolve(outreach, Verdict.NOT_SENT) is State.NOT_SENT
    [one] = outreach.enrolments()
    assert (contacts(outreach), one.position, one.state) == (0, 2, EnrolmentState.RUNNING)


def test_sent_again_it_keeps_its_public_id(outreach: Outreach) -> None:
    name = outreach.messages()[0].public_id
    assert resolve(outreach, Verdict.SEND_AGAIN) is State.DUE
    outreach.dispatch()
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    assert [one.public_id for one in mailer.sent] == [name]


def test_sending_again_asks_the_gate_again(outreach: Outreach) -> None:
    resolve(outreach, Verdict.SEND_AGAIN)
    outreach.refuse("ann@winkel.example")
    outreach.dispatch()
    assert outreach.states() == [State.WITHHELD]


def test_whoever_decides_second_is_told(outreach: Outreach) -> None:
    resolve(outreach, Verdict.COUNT_AS_SENT)
    with pytest.raises(ConflictError):
        resolve(outreach, Verdict.SEND_AGAIN)
    assert outreach.states() == [State.SENT]


def test_a_report_that_was_faster_stands(outreach: Outreach) -> None:
    with outreach.services.database.transaction() as session:
        reports.apply(session, {outreach.messages()[0].id: EventKind.DELIVERED}, at=outreach.now)
    with pytest.raises(ConflictError):
        resolve(outreach, Verdict.NOT_SENT)
    assert outreach.states() == [State.DELIVERED]


def test_a_message_that_is_not_there_cannot_be_decided(outreach: Outreach) -> None:
    ring = outreach.services.settings.keys.addresses
    with outreach.services.database.transaction() as session, pytest.raises(NotFoundError):
        resolve_uncertain(session, 10**6, Verdict.NOT_SENT, by=1, now=outreach.now, ring=ring)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_decision_is_in_the_log_with_who_made_it(outreach: Outreach, verdict: Verdict) -> None:
    resolve(outreach, verdict)
    with outreach.services.database.reading() as session:
        [entry] = session.scalars(select(AuditEntry)).all()
    assert (entry.action, entry.actor_id, entry.detail["verdict"]) == ("message.resolved", 1, verdict.value)


def test_a_decision_about_nothing_leaves_no_entry(outreach: Outreach) -> None:
    resolve(outreach, Verdict.COUNT_AS_SENT)
    with pytest.raises(ConflictError):
        resolve(outreach, Verdict.COUNT_AS_SENT)
    with outreach.services.database.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1


def test_time_decides_nothing(outreach: Outreach, clock: FakeClock) -> None:
    clock.advance(timedelta(days=365))
    outreach.plan()
    outreach.dispatch()
    assert outreach.states() == [State.UNCERTAIN]
