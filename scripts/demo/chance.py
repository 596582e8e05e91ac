"""Chance that a seed decides: the same seed gives the same world and the same people."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


def share(seed: int, *names: object) -> float:
    """A number from 0 up to 1 that follows from the seed and the names alone."""
    text = "\0".join(str(name) for name in (seed, *names))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) / (1 << 64)


def between(low: int, high: int, seed: int, *names: object) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(share(seed, *names) * (high - low + 1))


def pick(options: Sequence[T], seed: int, *names: object) -> T:
    """One of the options."""
    return options[int(share(seed, *names) * len(options))]


def weighted(options: Sequence[tuple[T, float]], seed: int, *names: object) -> T:
    """One of the options, as often as its weight says."""
    place = share(seed, *names) * sum(weight for _, weight in options)
    for option, weight in options:
        place -= weight
        if place < 0:
            return option
    return options[-1][0]
