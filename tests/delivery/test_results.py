"""Outcomes of a hand-over, written down only from what was seen."""

from datetime import timedelta

import pytest

from crm.delivery import results
from crm.delivery.models import MessageState
from crm.delivery.ports import Accepted, NotSent, NotSentReason, Outcome, Rejected, Uncertain
from crm.delivery.results import BACK_OFF
from crm.services import Services
from tests.conftest import NOW
from tests.delivery.shop import MINE, OTHER, Shop

pytestmark = pytest.mark.both_databases
UNREACHABLE = NotSent(NotSentReason.UNREACHABLE)
NOT_NOW = NotSent(NotSentReason.DEFERRED)


@pytest.fixture
def shop(services: Services) -> Shop:
    shop = Shop(services)
    shop.take()
    shop.mark()
    return shop


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("p-1"), MessageState.SENT),
        (Rejected("550 5.1.1", "no such user"), MessageState.REJECTED),
        (UNREACHABLE, MessageState.DUE),
        (Uncertain("connection_lost"), MessageState.UNCERTAIN),
    ],
)
def test_each_outcome_has_its_state(shop: Shop, outcome: Outcome, state: MessageState) -> None:
    assert shop.hear(outcome) == {shop.id: state}
    assert shop.message.state is state


def test_the_providers_name_and_the_moment_are_kept(shop: Shop) -> None:
    shop.hear(Accepted("p-1"))
    assert (shop.message.provider_id, shop.message.sent_at) == ("p-1", NOW)


def test_an_outcome_is_written_once(shop: Shop) -> None:
    shop.hear(Accepted("p-1"))
    assert shop.hear(Uncertain("connection_lost")) == {}
    assert shop.message.state is MessageState.SENT


def test_another_claim_writes_nothing(shop: Shop) -> None:
    assert shop.hear(Accepted("p-1"), name=OTHER) == {}
    assert shop.message.state is MessageState.SENDING


def test_a_message_that_was_only_claimed_has_no_outcome(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    assert shop.hear(Accepted("p-1")) == {}


@pytest.mark.parametrize(
    ("outcome", "used"),
    [(Accepted("p"), 1), (Uncertain("x"), 1), (Rejected("550", ""), 1), (UNREACHABLE, 0)],
)
def test_a_slot_goes_back_only_when_nothing_left(shop: Shop, outcome: Outcome, used: int) -> None:
    shop.hear(outcome)
    assert shop.used() == used


def test_tries_that_are_answered_wait_longer_each_time_and_then_end(shop: Shop) -> None:
    waits = []
    while shop.hear(NOT_NOW)[shop.id] is MessageState.DUE:
        waits.append(shop.message.due_at - NOW)
        shop.take()
        shop.mark()
    assert tuple(waits) == BACK_OFF
    assert shop.message.attempt == 5
    assert shop.message.outcome == "gave_up deferred"


def test_a_provider_that_is_away_uses_up_no_tries_and_leaves_it_as_late_as_it_is(shop: Shop) -> None:
    for _ in range(20):
        assert shop.hear(UNREACHABLE) == {shop.id: MessageState.DUE}
        assert shop.message.due_at - NOW <= timedelta(minutes=15)
        shop.take()
        shop.mark()
    assert shop.message.late_from == NOW
    assert shop.hear(NOT_NOW) == {shop.id: MessageState.DUE}, "a first answer is not the last try"


def test_a_provider_may_ask_for_more_time(shop: Shop) -> None:
    shop.hear(NotSent(NotSentReason.THROTTLED, retry_after=timedelta(minutes=7)))
    assert shop.message.due_at == NOW + timedelta(minutes=7)


def test_time_a_provider_asks_for_is_real_time(shop: Shop) -> None:
    shop.hear(NotSent(NotSentReason.THROTTLED, retry_after=timedelta(minutes=1)), speed=60)
    assert shop.message.due_at == NOW + timedelta(hours=1)


def test_what_is_put_back_lost_neither_its_try_nor_its_slot(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    with shop.database.transaction() as session:
        held = results.ours(session, [shop.id], MINE, state=MessageState.CLAIMED)
        results.put_back(session, list(held.values()), now=NOW)
    assert (shop.message.state, shop.message.attempt, shop.used()) == (MessageState.DUE, 0, 0)


def test_what_is_withheld_keeps_the_reasons_and_frees_its_slot(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    why = {shop.id: ("address_refused", {"verdict": "deny"})}
    with shop.database.transaction() as session:
        held = results.ours(session, [shop.id], MINE, state=MessageState.CLAIMED)
        results.withhold(session, list(held.values()), why, now=NOW)
    message = shop.message
    assert (message.state, message.outcome, message.decision) == (
        MessageState.WITHHELD,
        "address_refused",
        {"verdict": "deny"},
    )
    assert shop.used() == 0
