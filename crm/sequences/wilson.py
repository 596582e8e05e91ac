"""How sure a share is, and whether one text can be told to do better than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""Standard deviations on both sides of the mean that hold 95 % of a normal distribution."""

FEWEST: Final = 10
"""Below this many people a share says nothing, so none is shown."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true share is, with 95 % confidence: both ends between 0 and 1."""

    low: float
    high: float

    def is_above(self, other: "Interval") -> bool:
        """Tell whether all of it is above all of the other: they do not overlap."""
        return self.low > other.high


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many people."""

    part: int
    whole: int

    @property
    def interval(self) -> Interval:
        """The Wilson score interval, which is right for small numbers and for shares near 0 too."""
        if not self.whole:
            return Interval(0.0, 1.0)
        n, p = self.whole, self.part / self.whole
        square = Z_95 * Z_95
        middle = (p + square / (2 * n)) / (1 + square / n)
        half = Z_95 / (1 + square / n) * sqrt(p * (1 - p) / n + square / (4 * n * n))
        return Interval(max(0.0, middle - half), min(1.0, middle + half))


def winner(shares: Sequence[Share]) -> int | None:
    """The place of the share that is surely the highest; None while its interval overlaps with another."""
    if len(shares) < 2 or any(share.whole < FEWEST for share in shares):
        return None
    intervals = [share.interval for share in shares]
    best = max(range(len(shares)), key=lambda place: intervals[place].low)
    others = [one for place, one in enumerate(intervals) if place != best]
    return best if all(intervals[best].is_above(other) for other in others) else None
