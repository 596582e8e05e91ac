"""How sure a share is, and when one text may be said to do better."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.sequences.wilson import FEWEST, Interval, Share, winner

SHARES = st.integers(0, 3_000).flatmap(lambda n: st.builds(Share, st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        # Newcombe 1998, table I, method 3 (score without continuity correction).
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # The design's own example: 73 of 398 replied.
        (73, 398, 0.1484, 0.2244),
    ],
)
def test_the_interval_is_that_of_the_literature(part: int, whole: int, low: float, high: float) -> None:
    found = Share(part, whole).interval
    assert [found.low, found.high] == pytest.approx([low, high], abs=1e-4)


@given(SHARES)
def test_the_share_itself_is_always_in_its_interval(share: Share) -> None:
    found = share.interval
    assert 0 <= found.low <= found.high <= 1
    if share.whole:
        assert found.low <= share.part / share.whole + 1e-12
        assert share.part / share.whole <= found.high + 1e-12


def test_nobody_yet_means_anything_is_possible() -> None:
    assert Share(0, 0).interval == Interval(0.0, 1.0)


@given(st.lists(SHARES, max_size=4))
def test_nobody_wins_while_the_intervals_overlap(shares: list[Share]) -> None:
    best = winner(shares)
    if best is not None:
        lows = shares[best].interval.low
        assert all(one.interval.high < lows for place, one in enumerate(shares) if place != best)


def test_a_clear_difference_has_a_winner() -> None:
    assert winner([Share(12, 300), Share(60, 300)]) == 1
    assert winner([Share(60, 300), Share(12, 300)]) == 0


def test_a_difference_that_may_be_chance_has_none() -> None:
    assert winner([Share(12, 100), Share(18, 100)]) is None
    assert winner([Share(18, 100), Share(18, 100)]) is None


def test_the_best_of_three_must_beat_the_second_best_as_well() -> None:
    assert winner([Share(2, 300), Share(55, 300), Share(60, 300)]) is None


def test_a_handful_of_people_tells_nothing() -> None:
    assert winner([Share(0, 300), Share(FEWEST - 1, FEWEST - 1)]) is None


def test_one_text_alone_wins_nothing() -> None:
    assert winner([Share(10, 20)]) is None
    assert winner([]) is None
