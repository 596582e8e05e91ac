"""Rate limits count over processes and restarts, and forget what is over."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crm.kernel.db import Database
from crm.operations import heartbeat, limits, switches
from crm.operations.models import RateLimit
from tests.conftest import NOW

pytestmark = pytest.mark.both_databases
MINUTE = timedelta(minutes=1)


def _allow(database: Database, key: str = "login:a", *, minutes: int = 0) -> bool:
    with database.transaction() as session:
        return limits.allow(session, key, limit=3, window=MINUTE, at=NOW + minutes * MINUTE)


def test_the_fourth_of_three_is_one_too_many(database: Database) -> None:
    assert [_allow(database) for _ in range(4)] == [True, True, True, False]


def test_somebody_else_is_not_counted_with(database: Database) -> None:
    for _ in range(4):
        _allow(database)
    assert _allow(database, "login:b")


def test_the_next_window_begins_anew(database: Database) -> None:
    for _ in range(4):
        _allow(database)
    assert _allow(database, minutes=1)


def test_windows_that_are_over_are_forgotten(database: Database) -> None:
    _allow(database)
    _allow(database, minutes=5)
    with database.transaction() as session:
        assert limits.forget(session, before=NOW + 2 * MINUTE) == 1
        assert session.scalar(select(func.count()).select_from(RateLimit)) == 1


def test_a_switch_keeps_how_it_was_turned(database: Database) -> None:
    with database.transaction() as session:
        assert not switches.is_on(session, switches.PAUSED)
        switches.turn(session, switches.PAUSED, on=True, by=None, at=NOW)
    with database.reading() as session:
        assert switches.is_on(session, switches.PAUSED)


@pytest.mark.parametrize(("seconds", "alive"), [(0, True), (60, True), (61, False)])
def test_a_scheduler_is_alive_for_a_minute_after_its_last_tick(
    database: Database, seconds: int, *, alive: bool
) -> None:
    with database.transaction() as session:
        heartbeat.beat(session, heartbeat.SCHEDULER, at=NOW)
    with database.reading() as session:
        at = NOW + timedelta(seconds=seconds)
        assert heartbeat.is_alive(session, heartbeat.SCHEDULER, at=at) is alive
