"""The demo's calendar begins on a working Monday, runs fast, and never goes back."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.clock import Clocks, clocks_from, read_anchor
from crm.kernel.workdays import is_working_day
from scripts.demo.fast_calendar import ANCHOR, COUNTRIES, HOME, Keeper, first_morning, go_on_from

MONDAY = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
REAL = datetime(2026, 2, 25, 12, 0, tzinfo=UTC)
STARTING = timedelta(seconds=4)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_it_begins_at_half_past_eight_on_a_monday_of_a_whole_working_week(today: date) -> None:
    local = first_morning(today).astimezone(HOME)
    assert (local.weekday(), local.hour, local.minute) == (0, 8, 30)
    week = [local.date() + timedelta(days=day) for day in range(5)]
    assert all(is_working_day(day, country) for day in week for country in COUNTRIES)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_it_begins_after_today_so_that_what_ends_on_it_has_not_ended_on_real_clocks(today: date) -> None:
    assert first_morning(today).astimezone(HOME).date() > today


class Real:
    def __init__(self) -> None:
        self.now = REAL

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def real() -> Real:
    return Real()


def test_it_stands_still_while_everything_starts_and_then_runs(tmp_path: Path, real: Real) -> None:
    go_on_from(tmp_path, MONDAY)
    anchor = Keeper.begin(tmp_path, speed=3600, real=real, starting=STARTING).anchor
    assert anchor.calendar_at(REAL + timedelta(seconds=1)) == MONDAY
    later = anchor.calendar_at(REAL + timedelta(seconds=60)) - anchor.calendar_at(
        REAL + timedelta(seconds=50)
    )
    assert later == timedelta(hours=10)


def test_the_next_start_goes_on_exactly_where_it_was_stopped(tmp_path: Path, real: Real) -> None:
    go_on_from(tmp_path, MONDAY)
    first = Keeper.begin(tmp_path, speed=3600, real=real, starting=STARTING)
    real.now += timedelta(seconds=100)
    stopped_at = first.anchor.calendar_at(real.now)
    first.end()
    real.now += timedelta(days=3)
    assert Keeper.begin(tmp_path, speed=7200, real=real, starting=STARTING).anchor.calendar == stopped_at


def test_even_after_a_power_cut_it_does_not_go_back(tmp_path: Path, real: Real) -> None:
    go_on_from(tmp_path, MONDAY)
    first = Keeper.begin(tmp_path, speed=3600, real=real, starting=STARTING)
    real.now += timedelta(seconds=100)
    first.keep()
    real.now += timedelta(seconds=0.6)  # at most so long it runs on after the last line
    last_seen = first.anchor.calendar_at(real.now)
    assert Keeper.begin(tmp_path, speed=3600, real=real, starting=STARTING).anchor.calendar >= last_seen


def test_every_process_reads_the_same_calendar(tmp_path: Path, real: Real) -> None:
    go_on_from(tmp_path, MONDAY)
    keeper = Keeper.begin(tmp_path, speed=3600, real=real, starting=STARTING)
    clocks: Clocks = clocks_from(tmp_path / ANCHOR)
    assert clocks.speed == 3600
    assert read_anchor(tmp_path / ANCHOR) == keeper.anchor
