"""Invariant I08 over all zones and twenty years, and minute by minute on the nights the clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.workdays import is_working_day
from crm.sequences.planner import OFFICE_HOURS, SendWindow, next_due, release_at, working_days_between

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
zones = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`
countries = st.sampled_from(["NL", "DE", "FR", "BE", "GB", "US", "EG", "JP", "XX", None])
minutes = st.integers(0, 24 * 60 - 1)


def clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


@st.composite
def windows(draw: st.DrawFn) -> SendWindow:
    opens, closes = sorted(draw(st.lists(minutes, min_size=2, max_size=2, unique=True)))
    return SendWindow(draw(st.frozensets(st.integers(0, 4), min_size=1)), clock(opens), clock(closes))


def is_inside(moment: datetime, zone: ZoneInfo, country: str | None, window: SendWindow) -> bool:
    here = moment.astimezone(zone)
    at_work = is_working_day(here.date(), country)
    return at_work and here.weekday() in window.days and window.opens <= here.time() < window.closes


@given(moments, st.integers(0, 60), zones, countries, windows(), st.integers())
def test_no_step_is_due_outside_the_window(
    after: datetime, days: int, zone: ZoneInfo, country: str | None, window: SendWindow, seed: int
) -> None:
    moment = next_due(after=after, working_days=days, zone=zone, country=country, seed=seed, window=window)
    assert moment >= after
    assert is_inside(moment, zone, country, window)


@given(moments, st.integers(1, 60), zones, countries, st.text())
def test_a_step_is_due_exactly_so_many_working_days_later(
    after: datetime, days: int, zone: ZoneInfo, country: str | None, seed: str
) -> None:
    moment = next_due(after=after, working_days=days, zone=zone, country=country, seed=seed)
    start, end = after.astimezone(zone).date(), moment.astimezone(zone).date()
    assert working_days_between(start, end, country) == days


@given(moments, zones, countries, windows(), st.none() | st.integers())
def test_nothing_is_released_outside_the_window(
    now: datetime, zone: ZoneInfo, country: str | None, window: SendWindow, seed: int | None
) -> None:
    moment = release_at(now, zone=zone, country=country, seed=seed, window=window)
    assert moment >= now
    assert is_inside(moment, zone, country, window)


@given(moments, zones, countries)
def test_what_is_released_is_not_held_again(now: datetime, zone: ZoneInfo, country: str | None) -> None:
    moment = release_at(now, zone=zone, country=country)
    assert release_at(moment, zone=zone, country=country) == moment


@given(moments, zones, countries, st.integers(0, 10), st.integers())
def test_a_moment_later_never_makes_a_step_due_earlier_by_a_day(
    after: datetime, zone: ZoneInfo, country: str | None, days: int, seed: int
) -> None:
    first, second = (
        next_due(after=moment, working_days=days, zone=zone, country=country, seed=seed)
        .astimezone(zone)
        .date()
        for moment in (after, after + timedelta(minutes=1))
    )
    assert first <= second


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
@pytest.mark.parametrize("days", [0, 1, 2])
def test_around_the_change_every_minute_leads_to_one_mail_on_the_right_day(night: date, days: int) -> None:
    """From Friday evening to Monday morning: the weekend and its odd hour count for nothing."""
    start = datetime.combine(night - timedelta(days=2), time(17), AMSTERDAM).astimezone(UTC)
    end = datetime.combine(night + timedelta(days=1), time(0), AMSTERDAM).astimezone(UTC)
    count = int((end - start) / timedelta(minutes=1))
    found = {
        next_due(after=start + timedelta(minutes=n), working_days=days, zone=AMSTERDAM, country="NL", seed=9)
        for n in range(count)
    }
    assert [moment.astimezone(AMSTERDAM).date() for moment in found] == [night + timedelta(days=max(days, 1))]


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_clock_that_ticks_through_the_night_finds_one_due_mail_not_none_nor_two(night: date) -> None:
    """A step a working day, planned on the Thursday before; looked for every minute for six days."""
    thursday = datetime.combine(night - timedelta(days=3), time(12), AMSTERDAM)
    waiting = [
        next_due(after=thursday, working_days=n, zone=AMSTERDAM, country="NL", seed=n) for n in (1, 2, 3)
    ]
    sent: list[date] = []
    now = thursday.astimezone(UTC)
    for _ in range(6 * 24 * 60):
        now += timedelta(minutes=1)
        ready = [moment for moment in waiting if moment <= now]
        waiting = [moment for moment in waiting if moment > now]
        sent += [now.astimezone(AMSTERDAM).date() for _ in ready]
    assert sent == [night + timedelta(days=n) for n in (-2, 1, 2)]


CHANGES = [
    # Zones whose clocks change on a working day, and the days around a change.
    ("Africa/Cairo", "EG", date(2026, 4, 24)),
    ("Africa/Cairo", "EG", date(2026, 10, 29)),
    ("Africa/Cairo", "EG", date(2026, 10, 30)),
    ("Asia/Jerusalem", "IL", date(2026, 3, 27)),
    ("Asia/Amman", "JO", date(2021, 3, 26)),
    ("Asia/Amman", "JO", date(2021, 10, 29)),
    ("Asia/Tehran", "IR", date(2021, 3, 22)),
    ("Asia/Tehran", "IR", date(2021, 9, 22)),
    ("Asia/Tehran", "IR", date(2021, 9, 21)),
    ("Asia/Damascus", "SY", date(2021, 10, 29)),
]


@pytest.mark.parametrize(("name", "country", "day"), CHANGES)
@pytest.mark.parametrize("length", [10, 60, 150])
def test_where_clocks_change_on_a_working_day_every_window_is_kept(
    name: str, country: str, day: date, length: int
) -> None:
    zone = ZoneInfo(name)
    evening = datetime.combine(day - timedelta(days=1), time(12), zone)
    for opens in range(0, 24 * 60 - length, 10):
        window = SendWindow(opens=clock(opens), closes=clock(opens + length))
        for seed in range(6):
            moment = next_due(
                after=evening, working_days=1, zone=zone, country=country, seed=seed, window=window
            )
            assert is_inside(moment, zone, country, window)


def test_a_window_that_the_clocks_skip_waits_for_the_next_day() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    thursday = datetime(2026, 4, 23, 12, tzinfo=cairo)  # Friday begins at 01:00
    window = SendWindow(opens=time(0, 10), closes=time(0, 50))
    moment = next_due(after=thursday, working_days=1, zone=cairo, country=None, seed=1, window=window)
    assert moment.astimezone(cairo).date() == date(2026, 4, 28)  # after the weekend and King's Day


def test_office_hours_are_nine_to_five_from_monday_to_friday() -> None:
    assert (OFFICE_HOURS.days, OFFICE_HOURS.opens, OFFICE_HOURS.closes) == (
        frozenset(range(5)),
        time(9),
        time(17),
    )
