"""Daily caps."""

from datetime import UTC, date, datetime

import pytest

from crm.delivery import caps
from crm.kernel.db import Database
from crm.services import Services
from tests.outreach import Outreach

pytestmark = pytest.mark.both_databases
TODAY = date(2026, 3, 2)


@pytest.fixture
def box(services: Services) -> int:
    return Outreach(services).mailbox()


def reserve(database: Database, box: int, wanted: int, *, cap: int = 10, day: date = TODAY) -> int:
    with database.transaction() as session:
        return caps.reserve(session, box, day, wanted=wanted, cap=cap)


def left(database: Database, box: int, *, cap: int = 10) -> int:
    with database.reading() as session:
        return caps.left(session, box, TODAY, cap=cap)


def test_slots_are_given_until_the_cap_is_reached(database: Database, box: int) -> None:
    assert [reserve(database, box, 4) for _ in range(4)] == [4, 4, 2, 0]


def test_a_cap_lowered_during_the_day_gives_nothing_more(database: Database, box: int) -> None:
    reserve(database, box, 8)
    assert reserve(database, box, 1, cap=5) == 0
    assert left(database, box, cap=5) == 0


def test_another_day_has_slots_of_its_own(database: Database, box: int) -> None:
    reserve(database, box, 10)
    assert reserve(database, box, 3, day=date(2026, 3, 3)) == 3


def test_a_slot_given_back_can_be_taken_again(database: Database, box: int) -> None:
    reserve(database, box, 10)
    with database.transaction() as session:
        caps.give_back(session, [(box, TODAY), (box, TODAY)])
    assert left(database, box) == 2


def test_giving_back_more_than_was_taken_gives_no_extra_slots(database: Database, box: int) -> None:
    reserve(database, box, 1)
    with database.transaction() as session:
        caps.give_back(session, [(box, TODAY)] * 3)
    assert left(database, box) == 10


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Amsterdam", date(2026, 3, 3)),
        ("UTC", date(2026, 3, 2)),
        ("America/New_York", date(2026, 3, 2)),
    ],
)
def test_a_day_ends_at_the_mailboxs_own_midnight(zone: str, day: date) -> None:
    assert caps.day_of(datetime(2026, 3, 2, 23, 30, tzinfo=UTC), zone) == day
