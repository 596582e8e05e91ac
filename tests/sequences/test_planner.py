"""When a step is due, on a calendar and a clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.sequences.planner import SendWindow, is_too_late, next_due, release_at

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NEW_YORK = ZoneInfo("America/New_York")
WEDNESDAY = datetime(2026, 3, 4, 10, 0, tzinfo=AMSTERDAM)


def here(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


def due(
    after: datetime, days: int, zone: ZoneInfo = AMSTERDAM, country: str = "NL", seed: int = 1
) -> datetime:
    return next_due(after=after, working_days=days, zone=zone, country=country, seed=seed)


def local(moment: datetime, zone: ZoneInfo = AMSTERDAM) -> datetime:
    return moment.astimezone(zone)


@pytest.mark.parametrize(
    ("after", "days", "expected"),
    [
        ("2026-03-04 10:00", 0, date(2026, 3, 4)),
        ("2026-03-04 07:00", 0, date(2026, 3, 4)),
        ("2026-03-04 17:00", 0, date(2026, 3, 5)),
        ("2026-03-06 17:00", 0, date(2026, 3, 9)),  # the first mail waits for Monday too
        ("2026-03-07 11:00", 0, date(2026, 3, 9)),
        ("2026-04-27 11:00", 0, date(2026, 4, 28)),  # King's Day
        ("2026-03-04 23:59", 1, date(2026, 3, 5)),
        ("2026-03-04 10:00", 3, date(2026, 3, 9)),
        ("2026-03-04 10:00", 5, date(2026, 3, 11)),
        ("2026-04-02 10:00", 1, date(2026, 4, 7)),
    ],
)
def test_a_step_is_due_on(after: str, days: int, expected: date) -> None:
    assert local(due(here(after), days)).date() == expected


def test_the_days_are_those_of_the_recipients_country() -> None:
    monday = datetime(2026, 7, 13, 10, tzinfo=AMSTERDAM)
    assert [local(due(monday, 1, country=country)).date().day for country in ("NL", "FR")] == [14, 15]


def test_the_hours_are_those_of_the_recipients_clock() -> None:
    there = local(due(WEDNESDAY, 1, NEW_YORK, "US"), NEW_YORK)
    assert time(9) <= there.time() < time(17)


def test_the_answer_is_in_utc() -> None:
    assert due(WEDNESDAY, 1).tzinfo is UTC


def test_planning_twice_gives_one_answer() -> None:
    assert due(WEDNESDAY, 3, seed=42) == due(WEDNESDAY, 3, seed=42)


def test_a_thousand_recipients_are_spread_over_the_window() -> None:
    hours = [local(due(WEDNESDAY, 1, seed=seed)).hour for seed in range(1_000)]
    assert all(90 < hours.count(hour) < 160 for hour in range(9, 17))


def test_a_first_mail_today_is_spread_over_what_is_left_of_the_window() -> None:
    moments = [due(WEDNESDAY, 0, seed=seed) for seed in range(200)]
    assert min(moments) >= WEDNESDAY
    assert {local(moment).hour for moment in moments} == set(range(10, 17))


def test_a_narrow_window_is_kept() -> None:
    tuesdays = SendWindow(days=frozenset({1}), opens=time(10), closes=time(10, 30))
    moments = [
        next_due(after=WEDNESDAY, working_days=1, zone=AMSTERDAM, country="NL", seed=seed, window=tuesdays)
        for seed in range(50)
    ]
    assert {local(moment).date() for moment in moments} == {date(2026, 3, 10)}
    assert {local(moment).hour for moment in moments} == {10}
    assert max(local(moment).minute for moment in moments) < 30


def test_days_we_close_ourselves_are_left_out() -> None:
    moment = next_due(
        after=WEDNESDAY,
        working_days=1,
        zone=AMSTERDAM,
        country="NL",
        seed=1,
        extra_holidays={date(2026, 3, 5), date(2026, 3, 6)},
    )
    assert local(moment).date() == date(2026, 3, 9)


def test_a_naive_moment_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="aware"):
        due(here("2026-03-04 10:00").replace(tzinfo=None), 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": frozenset()},
        {"days": frozenset({5})},
        {"opens": time(17), "closes": time(9)},
        {"opens": time(9), "closes": time(9)},
        {"opens": time(9, tzinfo=UTC)},
    ],
)
def test_this_is_no_window(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="window"):
        SendWindow(**wrong)  # type: ignore[arg-type] # by name


def release(now: datetime, seed: int | None = None) -> datetime:
    return local(release_at(now, zone=AMSTERDAM, country="NL", seed=seed))


def test_in_the_window_a_due_message_leaves_at_once() -> None:
    assert release(WEDNESDAY) == WEDNESDAY


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-03-04 08:59:59", "2026-03-04 09:00"),
        ("2026-03-04 17:00", "2026-03-05 09:00"),
        ("2026-03-06 18:00", "2026-03-09 09:00"),
        ("2026-04-02 20:00", "2026-04-07 09:00"),
        ("2026-03-28 12:00", "2026-03-30 09:00"),  # over the night the clocks change
    ],
)
def test_outside_it_waits_for_the_opening(now: str, opening: str) -> None:
    assert release(here(now)) == here(opening)


@pytest.mark.parametrize(
    ("now", "country", "opening"),
    [
        ("2026-07-21 10:00", "BE", "2026-07-22 09:00"),  # theirs
        ("2026-07-21 10:00", "NL", "2026-07-21 10:00"),
        ("2026-04-27 10:00", "BE", "2026-04-28 09:00"),  # ours: nobody here would see the answer
        ("2026-05-25 10:00", "DE", "2026-05-26 09:00"),
    ],
)
def test_in_the_middle_of_a_holiday_it_waits_for_the_day_after(now: str, country: str, opening: str) -> None:
    assert local(release_at(here(now), zone=AMSTERDAM, country=country)) == here(opening)


def test_what_was_held_back_over_the_weekend_leaves_over_an_hour() -> None:
    saturday = datetime(2026, 3, 7, 12, tzinfo=AMSTERDAM)
    minutes = [release(saturday, seed=seed) for seed in range(200)]
    assert {moment.hour for moment in minutes} == {9}
    assert len({moment.minute for moment in minutes}) > 50


@pytest.mark.parametrize(("days", "late"), [(0, False), (5, False), (6, True)])
def test_more_than_three_working_days_are_too_late(days: int, late: bool) -> None:  # noqa: FBT001 - a case
    # From a Wednesday: five days later is Monday, the third working day; six is the fourth.
    now = WEDNESDAY + timedelta(days=days)
    assert is_too_late(WEDNESDAY, now, zone=AMSTERDAM, country="NL") is late
