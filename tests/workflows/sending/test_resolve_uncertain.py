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
from tests.workflows.reports.reported import handed_over, says

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


@pytest.mark.parametrize("evening", [False, True])
def test_sent_again_it_keeps_its_name_so_that_a_report_of_the_first_copy_stops_the_second(
    services: Services, clock: FakeClock, *, evening: bool
) -> None:
    """In the evening it is put off, and made anew the next day."""
    case = handed_over(services, clock)
    late, outreach = says(case, "delivered"), case.outreach
    name, mailer = case.name, services.mailer
    if evening:
        clock.now = NOW.replace(hour=21)
    resolve(outreach, Verdict.SEND_AGAIN)
    assert isinstance(mailer, MemoryMailer)
    mailer.answer, before = None, len(mailer.sent)
    if evening:
        outreach.dispatch()
        assert outreach.messages() == []
    clock.advance(timedelta(minutes=1))
    case.hear(late)
    for _ in range(26):
        outreach.plan()
        case.apply_parked()
        outreach.dispatch()
        clock.advance(timedelta(hours=1))
    assert len(mailer.sent) == before
    assert name in {one.public_id for one in outreach.messages()}


def test_planned_while_it_is_there_it_stays_the_one_it_is(outreach: Outreach) -> None:
    resolve(outreach, Verdict.SEND_AGAIN)
    [before] = outreach.messages()
    with outreach.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=outreach.now))
    outreach.plan()
    assert [(one.id, one.wire) for one in outreach.messages()] == [(before.id, before.wire)]
    outreach.dispatch()
    assert outreach.states() == [State.SENT]


def test_the_step_after_one_sent_again_has_a_name_of_its_own(outreach: Outreach, clock: FakeClock) -> None:
    resolve(outreach, Verdict.SEND_AGAIN)
    outreach.dispatch()
    clock.advance(timedelta(days=7))
    outreach.plan()
    first, second = outreach.messages()
    assert first.state is State.SENT
    assert second.public_id != first.public_id
