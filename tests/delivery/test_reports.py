"""What is heard of messages from outside, applied forward only."""

import pytest

from crm.delivery import reports
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted, Uncertain
from crm.delivery.states import EventKind
from crm.services import Services
from tests.conftest import NOW
from tests.delivery.shop import Shop

pytestmark = pytest.mark.both_databases


def hear(shop: Shop, event: EventKind) -> tuple[State, State]:
    with shop.database.transaction() as session:
        return reports.apply(session, {shop.id: event}, at=NOW)[shop.id]


@pytest.fixture
def doubtful(services: Services) -> Shop:
    shop = Shop(services)
    shop.take()
    shop.mark()
    shop.hear(Uncertain("connection_lost"))
    return shop


def test_a_delivery_ends_a_doubt(doubtful: Shop) -> None:
    assert hear(doubtful, EventKind.DELIVERED) == (State.UNCERTAIN, State.DELIVERED)
    assert doubtful.message.sent_at == NOW


def test_a_report_that_is_faster_than_our_own_record_wins(services: Services) -> None:
    shop = Shop(services)
    shop.take()
    shop.mark()
    hear(shop, EventKind.BOUNCED)
    assert shop.hear(Accepted("p")) == {}
    assert shop.message.state is State.BOUNCED


def test_the_first_word_that_it_left_is_told_apart_from_later_ones(doubtful: Shop) -> None:
    first = {doubtful.id: hear(doubtful, EventKind.OPENED)}
    second = {doubtful.id: hear(doubtful, EventKind.DELIVERED)}
    assert [reports.newly_left(first), reports.newly_left(second)] == [[doubtful.id], []]


def test_a_message_nobody_knows_is_passed_over(doubtful: Shop) -> None:
    with doubtful.database.transaction() as session:
        assert reports.apply(session, {10**6: EventKind.DELIVERED}, at=NOW) == {}
