"""Leases that are over."""

from datetime import timedelta

import pytest

from crm.delivery import reaper
from crm.delivery.crashes import MOST_DEATHS
from crm.delivery.models import MessageState
from crm.delivery.reaper import Reaped
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


def test_a_message_over_which_workers_keep_dying_is_left_to_the_caller(services: Services) -> None:
    shop = Shop(services)
    for _ in range(MOST_DEATHS):
        shop.take()
        assert reap(shop) == Reaped(released=1)
    shop.take()
    found = reap(shop)
    assert [one.id for one in found.poisonous] == [shop.message.id]
    assert (found.released, shop.message.state) == (0, MessageState.CLAIMED)
