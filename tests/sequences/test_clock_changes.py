"""I08 around every change of a clock from 2020 to 2040: nothing outside the hours, nothing twice, none back.

Zones whose clocks always agree in those years are asked once. The deep form asks all of them, every hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest

from crm.kernel.workdays import is_working_day
from crm.sequences.planner import OFFICE_HOURS, SendWindow, next_due, release_at
from tests.deep import IS_DEEP

pytestmark = pytest.mark.timeout(24 * 3600 if IS_DEEP else 240)

FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
NIGHT = SendWindow(opens=time(0, 30), closes=time(4))
"""Hours in which clocks change: whoever sent then would meet each of them."""

PARTS = 8
EVERY_ZONE = sorted(available_timezones() - {"localtime", "Factory", "posixrules"})
Change = tuple[datetime, timedelta | None]


@cache
def changes_of(name: str) -> tuple[Change, ...]:
    """Each moment at which the clock of a zone jumps, and how it stands afterwards."""
    zone, found, moment = ZoneInfo(name), [], FIRST
    offset = moment.astimezone(zone).utcoffset()
    while moment < LAST:
        later = moment + timedelta(days=7)
        if later.astimezone(zone).utcoffset() != offset:
            found.append(_sought(zone, moment, later))
            offset = found[-1][1]
            later = found[-1][0]
        moment = later
    return ((FIRST, FIRST.astimezone(zone).utcoffset()), *found)


def _sought(zone: ZoneInfo, before: datetime, after: datetime) -> Change:
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after, after.astimezone(zone).utcoffset()


@cache
def clocks() -> tuple[str, ...]:
    """One zone for each way in which clocks go."""
    ways: dict[tuple[Change, ...], str] = {}
    for name in EVERY_ZONE:
        ways.setdefault(changes_of(name), name)
    return tuple(ways.values())


def is_inside(moment: datetime, zone: ZoneInfo, window: SendWindow) -> bool:
    here = moment.astimezone(zone)
    return window.opens <= here.time() < window.closes and is_working_day(here.date(), "NL")


def around(change: datetime) -> Iterator[datetime]:
    """Forty-eight hours: every half hour, and every minute close by."""
    moment = change - timedelta(hours=24)
    while moment < change + timedelta(hours=24):
        near = abs(moment - change) <= timedelta(minutes=75)
        yield moment
        moment += timedelta(minutes=1 if near else 30)


def check_releases(moments: Iterator[datetime], zone: ZoneInfo, window: SendWindow) -> None:
    """In the hours, never before its moment, in the order of the moments, and only once."""
    before = FIRST - timedelta(days=9)
    for moment in moments:
        found = release_at(moment, zone=zone, country="NL", window=window)
        assert found >= moment, (zone, moment)
        assert found >= before, (zone, moment)
        assert is_inside(found, zone, window), (zone, moment, found)
        before = found


@pytest.mark.parametrize("part", range(PARTS))
def test_around_every_change_of_a_clock_nothing_leaves_outside_the_hours_or_goes_back(part: int) -> None:
    for name in clocks()[part::PARTS]:
        zone = ZoneInfo(name)
        for change, _ in changes_of(name)[1:]:
            for window in (OFFICE_HOURS, NIGHT):
                check_releases(around(change), zone, window)


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_step_is_due_on_one_day_however_often_it_is_asked_during_a_change(days: int) -> None:
    for name in clocks():
        zone = ZoneInfo(name)
        for change, _ in changes_of(name)[-2:]:
            due = [
                next_due(
                    after=change + timedelta(minutes=minute),
                    working_days=days,
                    zone=zone,
                    country="NL",
                    seed=7,
                )
                for minute in range(-90, 91, 10)
            ]
            assert all(is_inside(one, zone, OFFICE_HOURS) for one in due), name
            assert sorted(due) == due or days == 0, name


def test_every_zone_there_is_is_covered() -> None:
    covered = {changes_of(name) for name in clocks()}
    assert all(
        changes_of(name) in covered for name in available_timezones() - {"localtime", "Factory", "posixrules"}
    )
    assert sum(len(changes_of(name)) - 1 for name in clocks()) > 1_000


@pytest.mark.parametrize("name", EVERY_ZONE if IS_DEEP else EVERY_ZONE[:1])
def test_every_hour_of_the_years_nothing_leaves_outside_the_hours(name: str) -> None:
    years = 21 if IS_DEEP else 1
    hours = (FIRST + timedelta(hours=number) for number in range(years * 8_766))
    check_releases(hours, ZoneInfo(name), OFFICE_HOURS)
