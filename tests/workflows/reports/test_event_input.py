"""Whatever a provider posts: kept once, applied when its message is here (I21, I24)."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.adapters.sendgrid_events import read_events
from crm.delivery.event_models import EventState, ProviderEvent
from crm.delivery.event_ports import SignedPost
from crm.delivery.events import Waiting
from crm.delivery.models import Message
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.sequences.models import StopReason
from crm.services import Services
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Desk, Mailbox
from crm.workflows.reports import apply_events as apply_module
from crm.workflows.reports.follow_events import follow
from crm.workflows.reports.keep_events import keep_post
from tests.conftest import NOW, FakeClock
from tests.servers.events import event
from tests.workflows.reports.reported import ANN, Case, handed_over, says

pytestmark = pytest.mark.both_databases


@pytest.fixture
def sent(services: Services, clock: FakeClock) -> Case:
    return handed_over(services, clock, answer=Accepted(None))


def test_an_event_for_a_message_that_is_not_here_waits_for_it(sent: Case) -> None:
    name = sent.name
    with sent.services.database.transaction() as session:
        session.execute(update(Message).values(public_id="q" * 26))
    sent.keep(event("bounce", name, at=sent.outreach.now, type="bounce", status="5.1.1"))
    assert sent.apply().parked == 1
    assert sent.apply_parked() == 0
    with sent.services.database.transaction() as session:
        session.execute(update(Message).values(public_id=name))
    assert sent.apply_parked() == 1
    assert (sent.message.state, sent.enrolment.stop_reason) == (State.BOUNCED, StopReason.BOUNCED)
    assert {one.state for one in sent.events()} == {EventState.APPLIED}


def test_one_parked_event_that_cannot_be_applied_holds_up_no_other(
    sent: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = sent.name
    with sent.services.database.transaction() as session:
        session.execute(update(Message).values(public_id="q" * 26))
    now = sent.outreach.now
    sent.keep(event("processed", name, at=now), event("delivered", name, at=now))
    assert sent.apply().parked == 2
    with sent.services.database.transaction() as session:
        session.execute(update(Message).values(public_id=name))
    bad = min(one.id for one in sent.events())

    def fails(session: Session, desk: Desk, one: Waiting, *rest: Any) -> None:
        if one.id == bad:
            raise LookupError("of one event")
        follow(session, desk, one, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(apply_module, "follow", fails)
        assert sent.apply_parked() == 1
    assert sent.apply_parked() == 1, "it is tried again"
    assert {one.state for one in sent.events()} == {EventState.APPLIED}


def test_told_forty_times_it_is_told_once(sent: Case) -> None:
    one = says(sent, "bounce", type="bounce", status="5.1.1")
    copies = [{**one, "sg_event_id": f"another-{number}"} for number in range(39)]
    kept = sent.keep(one, *copies)
    assert (kept.news, kept.known) == (1, 39)
    assert sent.keep({**one, "sg_event_id": None}).news == 0


def test_the_same_name_is_the_same_event_whatever_it_says(sent: Case) -> None:
    one = says(sent, "delivered")
    assert sent.keep(one).news == 1
    assert sent.keep({**one, "timestamp": one["timestamp"] + 1}).news == 0


def test_an_event_from_the_future_happened_when_we_heard_of_it(sent: Case) -> None:
    far = event("unsubscribe", sent.name, at=NOW + timedelta(days=3650))
    sent.hear(far, says(sent, "delivered", timestamp="soon"), says(sent, "open", timestamp=1e300))
    assert {one.happened_at for one in sent.events()} <= {sent.outreach.now}
    assert sent.message.state is State.DELIVERED


def test_a_batch_of_five_thousand_is_applied(sent: Case) -> None:
    many = [event("delivered", f"{number:026d}".replace("0", "a").replace("1", "b").replace("8", "c")
                  .replace("9", "d"), at=sent.outreach.now, email=f"p{number}@winkel.example")
            for number in range(4_999)]  # fmt: skip
    kept = sent.keep(*many, says(sent, "delivered"))
    assert kept.news == 5_000
    done = sent.apply()
    assert (done.applied, done.parked, sent.message.state) == (1, 4_999, State.DELIVERED)


@pytest.mark.parametrize(
    "odd",
    [
        None, 7, "delivered", [], {}, {"event": None}, {"event": {"a": 1}}, {"event": "open", "email": 7},
        {"event": "bounce", "email": "\ud800@x.example", "reason": "\ud800\u0000", "status": {"a": "b"}},
        {"event": "delivered", "timestamp": float("inf")}, {"event": "x" * 100_000},
        {"event": "dropped", "reason": None}, {"event": "delivered", "timestamp": 10**40},
    ],
)  # fmt: skip
def test_one_odd_event_spoils_no_other(sent: Case, odd: Any) -> None:
    read = read_events(json.dumps([odd, says(sent, "delivered")]).encode(), now=sent.outreach.now)
    assert [one.word for one in read][1:] == ["delivered"]
    keep_post(
        sent.services.database, sent.services.settings.keys.addresses, SignedPost("f" * 64, read),
        now=sent.outreach.now, real_now=sent.outreach.now,
    )  # fmt: skip
    sent.apply()
    assert (sent.message.state, len(sent.events())) == (State.DELIVERED, 2)


def test_an_event_that_cannot_be_applied_holds_up_no_other(
    sent: Case, caplog: pytest.LogCaptureFixture
) -> None:
    sent.keep(says(sent, "processed"), says(sent, "dropped"), says(sent, "deferred"), says(sent, "delivered"))
    with sent.services.database.transaction() as session:
        poison = update(ProviderEvent).where(ProviderEvent.kind == "dropped")
        session.execute(poison.values(code="of another version"))
    done = sent.apply()
    assert (done.applied, sent.message.state) == (3, State.DELIVERED)
    states = {one.kind: one.state for one in sent.events()}
    assert states.pop("dropped") is EventState.RECEIVED
    assert set(states.values()) == {EventState.APPLIED}
    assert "could not be applied" in caplog.text


def test_neither_address_nor_words_are_kept(sent: Case) -> None:
    sent.hear(
        says(sent, "bounce", type="bounce", status="5.1.1"),
        event("delivered", "z" * 26, at=sent.outreach.now),
    )
    kept = " ".join(str(vars(one)) for one in sent.events())
    assert "winkel" not in kept
    assert "unknown" not in kept


def test_erasing_somebody_takes_their_events_along(sent: Case) -> None:
    sent.hear(says(sent, "delivered"), event("delivered", "z" * 26, at=sent.outreach.now))
    services = sent.services
    keys = register.keys_of(services.settings.keys.addresses, EmailAddress.parse(ANN))
    shelves = Shelves(services.settings.var, None)
    erase(services.refusal_desk(patience=0), shelves, Mailbox(keys), channel="page", at=sent.outreach.now)
    assert sent.events() == []
