"""Leases that are over."""

from datetime import timedelta

import pytest

from crm.delivery import reaper
from crm.delivery.models import MessageState
from crm.delivery.reaper import MOST_CRASHES, Reaped
from crm.services import Services
from tests.conftest import NOW
from tests.delivery.shop import Shop

pytestmark = pytest.mark.both_databases


def reap(shop: Shop, *, seconds: int = 60) -> Reaped:
    with shop.database.transaction() as session:
        return reaper.reap(session, real_now=NOW + timedelta(seconds=seconds), now=NOW)


def test_what_was_only_claimed_is_due_again_with_its_slot_back(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    assert reap(shop) == Reaped(released=1)
    assert (shop.message.state, shop.used()) == (MessageState.DUE, 0)


def test_what_was_leaving_is_uncertain_and_keeps_its_slot(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    shop.mark()
    assert reap(shop) == Reaped(doubtful=1)
    assert (shop.message.state, shop.used()) == (MessageState.UNCERTAIN, 1)


def test_a_lease_that_still_runs_is_left_alone(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    assert reap(shop, seconds=59) == Reaped()


def test_no_time_ends_a_doubt(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    shop.mark()
    reap(shop)
    assert reap(shop, seconds=10**8) == Reaped()
    assert shop.message.state is MessageState.UNCERTAIN


def test_a_message_on_which_workers_keep_dying_is_laid_aside(services: Services) -> None:
    shop = Shop(services)
    found = []
    for _ in range(MOST_CRASHES):
        shop.take()
        found.append(reap(shop))
    assert found == [Reaped(released=1)] * (MOST_CRASHES - 1) + [Reaped(laid_aside=1)]
    assert (shop.message.state, shop.message.outcome) == (MessageState.WITHHELD, "crashes")
