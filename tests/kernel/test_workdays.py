"""Working days between us and a recipient."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.workdays import add_working_days, is_working_day, working_days_between

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
countries = st.sampled_from(["NL", "DE", "FR", "BE", "GB", "US", "JP", "XX", "", None])


@pytest.mark.parametrize(
    ("day", "country"),
    [
        (date(2026, 4, 27), "NL"),  # King's Day
        (date(2026, 4, 27), "US"),  # ours, whoever it is written to
        (date(2026, 5, 14), "DE"),  # Ascension
        (date(2026, 5, 25), "FR"),  # Whit Monday
        (date(2026, 7, 14), "FR"),
        (date(2026, 7, 21), "BE"),
        (date(2026, 8, 31), "GB"),  # the summer bank holiday of England
        (date(2026, 11, 26), "US"),  # Thanksgiving
        (date(2026, 10, 2), "DE"),  # stands for no holiday: see the twin below
        (date(2026, 3, 7), "NL"),  # a Saturday
    ],
)
def test_nobody_is_at_work_then(day: date, country: str) -> None:
    assert is_working_day(day, country) == (day == date(2026, 10, 2))


@pytest.mark.parametrize(("day", "country"), [(date(2026, 7, 14), "NL"), (date(2026, 11, 26), "DE")])
def test_a_holiday_of_a_third_country_is_a_working_day(day: date, country: str) -> None:
    assert is_working_day(day, country)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2026, 3, 4), 0, date(2026, 3, 4)),
        (date(2026, 3, 7), 0, date(2026, 3, 9)),
        (date(2026, 3, 7), 1, date(2026, 3, 9)),
        (date(2026, 3, 6), 1, date(2026, 3, 9)),
        (date(2026, 3, 4), 3, date(2026, 3, 9)),
        (date(2026, 4, 2), 1, date(2026, 4, 7)),  # over Good Friday and Easter
        (date(2026, 12, 24), 1, date(2026, 12, 28)),
        (date(2026, 12, 30), 2, date(2027, 1, 4)),  # over New Year, into the next year's days
        (date(2026, 3, 4), 8, date(2026, 3, 16)),
    ],
)
def test_so_many_working_days_later_is(start: date, count: int, end: date) -> None:
    assert add_working_days(start, count, "NL") == end


def test_the_holidays_of_both_countries_are_left_out() -> None:
    assert add_working_days(date(2026, 7, 13), 1, "FR") == date(2026, 7, 15)


def test_days_we_close_ourselves_are_left_out() -> None:
    closed = {date(2026, 3, 5), date(2026, 3, 6)}
    assert add_working_days(date(2026, 3, 4), 1, "NL", closed) == date(2026, 3, 9)


def test_days_are_never_counted_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        add_working_days(date(2026, 3, 4), -1, "NL")


def test_the_end_of_the_calendar_is_the_end() -> None:
    assert add_working_days(date(9999, 12, 20), 60, "NL") == date.max


@given(days, st.integers(0, 60), countries)
def test_the_day_reached_is_a_working_day(start: date, count: int, country: str | None) -> None:
    assert is_working_day(add_working_days(start, count, country), country)


@given(days, st.integers(1, 60), countries)
def test_counting_back_gives_what_was_added(start: date, count: int, country: str | None) -> None:
    assert working_days_between(start, add_working_days(start, count, country), country) == count


@given(days, st.integers(-400, 400), countries, st.sets(days, max_size=3))
def test_counting_is_looking_at_each_day(
    start: date, distance: int, country: str | None, closed: set[date]
) -> None:
    end = start + timedelta(days=distance)
    first, last = min(start, end), max(start, end)
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    expected = sum(is_working_day(day, country, closed) for day in between)
    assert working_days_between(start, end, country, closed) == (expected if end >= start else -expected)
