"""Zones of recipients, and wall clocks on the nights they change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.kernel.zones import FALLBACK, instant, valid_zone, zone_for

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SPRING, AUTUMN = datetime(2026, 3, 29), datetime(2026, 10, 25)  # noqa: DTZ001 - walls have no zone
MINUTES = [timedelta(minutes=n) for n in range(6 * 60)]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_named_zone_is_taken() -> None:
    assert zone_for("NL", "America/Chicago") == (ZoneInfo("America/Chicago"), False)


@pytest.mark.parametrize(
    "name", [None, "", "Mars/Olympus", "../../etc/passwd", "europe/amsterdam", "/", "a\0b"]
)
def test_without_a_zone_that_exists_the_countrys_stands_in_and_says_so(name: str | None) -> None:
    assert zone_for("GB", name) == (ZoneInfo("Europe/London"), True)


@pytest.mark.parametrize("country", [None, "", "XX"])
def test_without_a_country_either_it_is_ours(country: str | None) -> None:
    assert zone_for(country) == (ZoneInfo(FALLBACK), True)


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "UTC", "America/Argentina/Ushuaia"])
def test_this_is_a_zone(name: str) -> None:
    assert valid_zone(name)


@given(st.text())
def test_no_text_breaks_the_question(name: str) -> None:
    assert zone_for("NL", name).zone.key


def test_a_time_the_clocks_skip_is_when_they_jump() -> None:
    skipped = datetime(2026, 3, 29, 2, 30)  # noqa: DTZ001 - a wall
    assert instant(skipped, AMSTERDAM).astimezone(AMSTERDAM) == datetime(2026, 3, 29, 3, tzinfo=AMSTERDAM)


def test_a_time_the_clocks_show_twice_is_the_first() -> None:
    twice = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - a wall
    both = [instant(twice, AMSTERDAM), instant(twice, AMSTERDAM, second=True)]
    assert both == [utc("2026-10-25T00:30"), utc("2026-10-25T01:30")]


def test_every_minute_of_the_night_in_spring_happens_once() -> None:
    found = [instant(SPRING + minute, AMSTERDAM) for minute in MINUTES]
    skipped = [instant(SPRING + minute, AMSTERDAM) for minute in MINUTES[120:180]]
    assert found == sorted(found)
    assert set(skipped) == {utc("2026-03-29T01:00")}
    # Six hours on the wall less the skipped one, and each of their minutes exactly once.
    assert sorted(set(found)) == [utc("2026-03-28T23:00") + minute for minute in MINUTES[: 5 * 60]]


def test_every_minute_of_the_night_in_autumn_happens_once() -> None:
    found = [instant(AUTUMN + minute, AMSTERDAM) for minute in MINUTES]
    assert found == sorted(set(found))
    assert [one.astimezone(AMSTERDAM).replace(tzinfo=None, fold=0) for one in found] == [
        AUTUMN + minute for minute in MINUTES
    ]


@given(
    st.sampled_from(sorted(available_timezones())),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 31)),  # noqa: DTZ001 - walls
)
def test_a_wall_that_is_shown_comes_back_and_a_skipped_one_is_the_first_after_it(
    name: str, wall: datetime
) -> None:
    zone = ZoneInfo(name)
    shown = instant(wall, zone).astimezone(zone).replace(tzinfo=None, fold=0)
    just_before = (instant(wall, zone) - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None, fold=0)
    assert shown == wall or just_before < wall < shown
