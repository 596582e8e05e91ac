"""Allowance and waits, as every part of the program reckons them."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.delivery.pacing import Pace, allowance, is_free, wait_after
from tests.conftest import NOW

DAY = date(2026, 3, 2)


@given(cap=st.integers(1, 50), start=st.integers(0, 60), step=st.integers(0, 50), days=st.integers(0, 400))
def test_no_day_has_more_than_the_cap_and_none_less_than_the_day_before(
    cap: int, start: int, step: int, days: int
) -> None:
    pace = Pace(daily_cap=cap, ramp_start=start, ramp_step=step)
    today, tomorrow = allowance(pace, sent_days=days), allowance(pace, sent_days=days + 1)
    assert 0 < today <= tomorrow <= cap


@given(cap=st.integers(1, 50), start=st.integers(1, 50), step=st.integers(1, 50))
def test_after_its_first_days_a_mailbox_has_its_whole_cap(cap: int, start: int, step: int) -> None:
    pace = Pace(daily_cap=cap, ramp_start=start, ramp_step=step)
    assert allowance(pace, sent_days=pace.ramp_days) == cap
    if pace.ramp_days:
        assert allowance(pace, sent_days=pace.ramp_days - 1) < cap


def test_a_new_mailbox_sends_ten_then_five_more_each_day() -> None:
    pace = Pace(daily_cap=30, ramp_start=10, ramp_step=5)
    assert [allowance(pace, sent_days=day) for day in range(6)] == [10, 15, 20, 25, 30, 30]


@given(gap=st.integers(0, 3_600), jitter=st.integers(0, 3_600), mailbox=st.integers(1), number=st.integers(1))
def test_a_wait_is_the_gap_and_less_than_the_jitter_more(
    gap: int, jitter: int, mailbox: int, number: int
) -> None:
    pace = Pace(daily_cap=30, gap=timedelta(seconds=gap), jitter=timedelta(seconds=jitter))
    wait = wait_after(pace, mailbox_id=mailbox, day=DAY, number=number)
    assert pace.gap <= wait <= pace.gap + pace.jitter
    assert wait == wait_after(pace, mailbox_id=mailbox, day=DAY, number=number)


def test_waits_differ_from_mail_to_mail() -> None:
    pace = Pace(daily_cap=30, gap=timedelta(minutes=10), jitter=timedelta(minutes=5))
    waits = {wait_after(pace, mailbox_id=1, day=DAY, number=number) for number in range(1, 31)}
    assert len(waits) > 20
    assert max(waits) - min(waits) > timedelta(minutes=3)


def test_a_mailbox_is_free_when_its_wait_is_over() -> None:
    soon: datetime = NOW + timedelta(seconds=1)
    assert (is_free(None, NOW), is_free(NOW, NOW), is_free(soon, NOW)) == (True, True, False)
