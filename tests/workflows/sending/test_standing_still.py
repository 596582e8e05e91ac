"""A worker that stands still on PostgreSQL, where nobody has to wait for it to write.

A machine that slept, a process that was stopped: its claim runs out meanwhile, and others act on that.
"""

from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.delivery import claims
from crm.delivery.models import MessageState as State
from crm.delivery.new_message import NewMessage
from crm.delivery.outbox import queue
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.kernel.sqlite import BUSY_TIMEOUT
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.services import Services
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.sending import ask_again
from tests.conftest import FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach

pytestmark = pytest.mark.on_postgresql


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def written_by_hand(outreach: Outreach, who: int) -> None:
    """A mail of no sequence: no enrolment is locked while it leaves, so whoever objects need not wait."""
    person = outreach.prospect(who)
    message = NewMessage(
        public_id=new_public_id(), kind=MailKind.MANUAL, mailbox_id=outreach.mailbox(),
        recipient=person.address, address_digest=person.address_digest,
        sender="b+x@outreach.produfoto.example", subject_line="x", wire=b"Subject: x\r\n\r\nx\r\n",
        due_at=outreach.now, prospect_id=who,
    )  # fmt: skip
    with outreach.services.database.transaction() as session:
        queue(session, message, now=outreach.now)


def test_what_was_final_stays_so_though_the_worker_goes_on(
    services: Services, outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I01: the gate has read, its lease ends, they object and are told that it is over; then it goes on."""
    who = outreach.person("ann@winkel.example")
    written_by_hand(outreach, who)
    answers: list[bool] = []

    def object_meanwhile(name: str) -> None:
        if name == "gate.after_read":
            clock.advance(claims.LEASE + timedelta(seconds=1))
            wish = Wish(
                scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=clock.now
            )
            mailbox = Mailbox(((outreach.prospect(who).address_digest, 1),))
            answers.append(refuse(services.refusal_desk(patience=0), mailbox, wish).is_final)

    monkeypatch.setattr(ask_again, "point", object_meanwhile)
    outreach.dispatch()
    assert answers == [True]
    assert isinstance(services.mailer, MemoryMailer)
    assert services.mailer.sent == []
    monkeypatch.undo()
    clock.advance(timedelta(hours=1))
    outreach.dispatch()
    assert services.mailer.sent == []
    assert outreach.states() == [State.WITHHELD]


def test_nobody_waits_for_a_lock_for_ever(services: Services) -> None:
    """A transaction that somebody forgot at a terminal costs an error, not a worker or a page."""
    with services.database.reading() as session:
        assert session.scalar(text("SHOW lock_timeout")) == f"{BUSY_TIMEOUT}s"
