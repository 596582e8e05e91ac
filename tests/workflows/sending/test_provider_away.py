"""A mail provider that is away for hours or days: no sequence ends for it, nothing leaves late unasked."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.conversations.models import Task
from crm.delivery.models import MessageState as State
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.operations import alarms
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

AWAY = NotSent(NotSentReason.UNREACHABLE)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def provider(outreach: Outreach, answer: Outcome) -> None:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    mailer.answer = answer


def work(outreach: Outreach, clock: FakeClock, *, for_: timedelta, every: timedelta) -> int:
    """Tick as the scheduler does; how many left."""
    end, sent = clock.now + for_, 0
    while clock.now < end:
        clock.advance(every)
        outreach.plan()
        sent += outreach.dispatch().sent
    return sent


def on_its_way(outreach: Outreach, clock: FakeClock) -> int:
    """Somebody whose first mail is tried for the first time, at noon of a Monday, and does not leave."""
    who = outreach.person()
    outreach.enrol([who], outreach.sequence(mail()))
    clock.now = outreach.enrolments()[0].next_due_at or NOW
    provider(outreach, AWAY)
    outreach.plan()
    assert outreach.dispatch().again == 1
    return who


def standing(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return [one.kind for one in alarms.standing(session)]


def test_after_hours_everything_leaves_by_itself(outreach: Outreach, clock: FakeClock) -> None:
    on_its_way(outreach, clock)
    work(outreach, clock, for_=timedelta(hours=30), every=timedelta(minutes=5))
    assert outreach.enrolments()[0].state is EnrolmentState.RUNNING
    provider(outreach, Accepted("p"))
    assert work(outreach, clock, for_=timedelta(days=1), every=timedelta(hours=1)) == 1
    assert outreach.enrolments()[0].state is EnrolmentState.FINISHED


def test_after_days_a_person_is_asked_first(outreach: Outreach, clock: FakeClock) -> None:
    on_its_way(outreach, clock)
    work(outreach, clock, for_=timedelta(days=8), every=timedelta(hours=2))
    [enrolment] = outreach.enrolments()
    assert (enrolment.state, enrolment.stop_reason) == (EnrolmentState.PAUSED, StopReason.TOO_LATE)
    provider(outreach, Accepted("p"))
    assert work(outreach, clock, for_=timedelta(days=2), every=timedelta(hours=2)) == 0


def test_a_colleagues_mail_is_as_late_as_a_step(outreach: Outreach, clock: FakeClock) -> None:
    who = outreach.person()
    person = outreach.prospect(who)
    by_hand = NewMessage(
        public_id=new_public_id(),
        kind=MailKind.MANUAL,
        mailbox_id=outreach.mailbox(),
        recipient=person.address,
        address_digest=person.address_digest,
        sender="b+x@outreach.produfoto.example",
        subject_line="Foto's",
        wire=b"Subject: x\r\n\r\nx\r\n",
        due_at=NOW,
        prospect_id=who,
    )
    with outreach.services.database.transaction() as session:
        queue(session, by_hand, now=NOW)
    provider(outreach, AWAY)
    work(outreach, clock, for_=timedelta(days=8), every=timedelta(hours=2))
    assert outreach.states() == [State.WITHHELD]
    with outreach.services.database.reading() as session:
        assert "was not sent" in session.scalars(select(Task.title)).one()


def test_it_is_told_once_it_lasts_and_until_it_is_over(outreach: Outreach, clock: FakeClock) -> None:
    on_its_way(outreach, clock)
    assert standing(outreach) == []
    work(outreach, clock, for_=timedelta(minutes=20), every=timedelta(minutes=5))
    assert standing(outreach) == [alarms.AWAY]
    work(outreach, clock, for_=timedelta(minutes=60), every=timedelta(minutes=5))
    assert standing(outreach) == [alarms.AWAY]
    provider(outreach, Accepted("p"))
    assert work(outreach, clock, for_=timedelta(minutes=20), every=timedelta(minutes=5)) == 1
    assert standing(outreach) == []
