"""The outbox, and what an objector finds in it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from crm.delivery import claims, outbox
from crm.delivery.claims import Claim
from crm.delivery.models import MessageState
from crm.delivery.new_message import NewMessage
from crm.kernel.digests import AddressDigest
from crm.kernel.errors import ConflictError
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.services import Services
from tests.conftest import NOW
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
ANN = AddressDigest("a" * 32)
BOB = AddressDigest("b" * 32)
LATER = NOW + timedelta(seconds=60)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture
def message(outreach: Outreach) -> NewMessage:
    return NewMessage(
        public_id=new_public_id(),
        kind=MailKind.MANUAL,
        mailbox_id=outreach.mailbox(),
        recipient="ann@winkel.example",
        address_digest=ANN,
        sender="b+x@outreach.produfoto.example",
        subject_line="Foto's",
        wire=b"Subject: x\r\n\r\nx\r\n",
        due_at=NOW,
    )


def queue(outreach: Outreach, message: NewMessage, **changes: object) -> bool:
    fresh = replace(message, public_id=new_public_id(), **changes)  # type: ignore[arg-type] # by the tests
    with outreach.services.database.transaction() as session:
        return outbox.queue(session, fresh, now=NOW)


def claim(outreach: Outreach, *, state: MessageState = MessageState.CLAIMED) -> None:
    ids = [one.id for one in outreach.messages()]
    with outreach.services.database.transaction() as session:
        claims.take(session, ids, Claim("c" * 26, LATER), cap_day=None, now=NOW)
        if state is MessageState.SENDING:
            claims.mark_sending(session, ids, "c" * 26, real_now=NOW, now=NOW)


def live(outreach: Outreach, *digests: AddressDigest, seconds: int = 0) -> list[MessageState]:
    with outreach.services.database.reading() as session:
        found = claims.live_for(session, digests, real_now=NOW + timedelta(seconds=seconds))
    return [one.state for one in found]


def test_one_cause_makes_one_message(outreach: Outreach, message: NewMessage) -> None:
    news = [queue(outreach, message, dedupe_key="signup:1") for _ in range(2)]
    assert news == [True, False]
    assert outreach.states() == [MessageState.DUE]


def test_messages_without_a_cause_of_their_own_do_not_shut_each_other_out(
    outreach: Outreach, message: NewMessage
) -> None:
    assert [queue(outreach, message) for _ in range(2)] == [True, True]


def test_nothing_is_taken_for_known_that_is_not_there(outreach: Outreach, message: NewMessage) -> None:
    """A restore may forget a counter: the database refuses a row's number, and the mail would be lost."""
    queue(outreach, message, pixel_id="p" * 32)
    with pytest.raises(ConflictError):
        queue(outreach, message, pixel_id="p" * 32)
    with outreach.services.database.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            return  # which counts on from the highest row
        session.execute(text("SELECT setval('messages_id_seq', 1, false)"))
    with pytest.raises(ConflictError):
        queue(outreach, message)
    assert outreach.states() == [MessageState.DUE]


def test_a_message_that_needs_approval_is_held(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message, held=True)
    assert outreach.states() == [MessageState.HELD]


def test_what_waits_for_a_mailbox_can_be_cancelled(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    queue(outreach, message, held=True)
    queue(outreach, message, address_digest=BOB)
    with outreach.services.database.transaction() as session:
        assert outbox.cancel_due(session, digests=[ANN], reason="refused", at=NOW) == 2
    assert sorted(outreach.states()) == ["cancelled", "cancelled", "due"]


def test_an_answer_to_a_request_is_not_cancelled_with_the_offers(
    outreach: Outreach, message: NewMessage
) -> None:
    queue(outreach, message, kind=MailKind.RIGHTS)
    with outreach.services.database.transaction() as session:
        assert outbox.cancel_due(session, digests=[ANN], reason="refused", at=NOW) == 0


def test_what_a_worker_holds_is_not_cancelled(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    claim(outreach)
    with outreach.services.database.transaction() as session:
        assert outbox.cancel_due(session, digests=[ANN], reason="refused", at=NOW) == 0


def test_an_objector_sees_a_claimed_message(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    claim(outreach)
    assert live(outreach, BOB, ANN) == [MessageState.CLAIMED]


def test_an_objector_sees_only_their_own(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    claim(outreach)
    assert live(outreach, BOB) == []


def test_a_claim_whose_lease_is_over_counts_no_more(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    claim(outreach)
    assert live(outreach, ANN, seconds=61) == []


def test_a_message_that_is_leaving_counts_until_its_outcome_is_known(
    outreach: Outreach, message: NewMessage
) -> None:
    queue(outreach, message)
    claim(outreach, state=MessageState.SENDING)
    assert live(outreach, ANN, seconds=61) == [MessageState.SENDING]


def test_nothing_is_live_while_it_only_waits(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    assert live(outreach, ANN) == []


def test_of_two_claims_one_gets_the_message(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    ids = [one.id for one in outreach.messages()]
    with outreach.services.database.transaction() as session:
        taken = [
            claims.take(session, ids, Claim(name * 26, LATER), cap_day=None, now=NOW) for name in ("c", "d")
        ]
    assert taken == [ids, []]


def test_nobody_else_marks_a_claimed_message(outreach: Outreach, message: NewMessage) -> None:
    queue(outreach, message)
    claim(outreach)
    ids = [one.id for one in outreach.messages()]
    with outreach.services.database.transaction() as session:
        assert claims.mark_sending(session, ids, "d" * 26, real_now=NOW, now=NOW) == []


def test_a_message_is_not_marked_when_its_lease_is_nearly_over(
    outreach: Outreach, message: NewMessage
) -> None:
    queue(outreach, message)
    claim(outreach)
    ids = [one.id for one in outreach.messages()]
    late = LATER - claims.MARGIN
    with outreach.services.database.transaction() as session:
        assert claims.mark_sending(session, ids, "c" * 26, real_now=late, now=NOW) == []
