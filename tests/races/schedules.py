"""Which interleavings are played: all of them where there are few, some of them from a seed otherwise."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from typing import Final

from crm.delivery.claims import LEASE
from tests.races.conductor import Turn

OVER: Final = LEASE + timedelta(seconds=1)
"""After this long, what a standing process claimed is anybody's."""


def systematic(first: int, second: int, *, least: int = 0) -> list[tuple[Turn, ...]]:
    """Two processes, each with so many points: where the one stands, where the other, and who ends first.

    `least`: points that the first has passed before the other may begin.
    """
    found: list[tuple[Turn, ...]] = []
    for one, other in product(range(least, first + 1), range(1, second + 1)):
        begun = (Turn(0, one), Turn(1, other))
        found += [begun, (*begun, Turn(0))]
    return found


def slept(first: int, *, least: int = 0) -> list[tuple[Turn, ...]]:
    """The first stands at each of its points until its lease is over; the second does all it has to do."""
    return [(Turn(0, one), Turn(1, later=OVER), Turn(0)) for one in range(max(least, 1), first + 1)]


def by_chance(
    points: Sequence[int], *, seed: str, least: int = 0, sleeps: float = 0.0
) -> Iterator[tuple[Turn, ...]]:
    """Any number of processes, each going on a few points at a time, in any order.

    `sleeps`: how often one of them stands for longer than a lease.
    """
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    while True:
        turns = [Turn(0, least + chance.randint(0, max(points[0] - least, 1)))] if least else []
        for _step in range(chance.randint(2, 4 * len(points))):
            who = chance.randrange(len(points))
            longest = max(points[who], 1)
            turns.append(Turn(who, chance.randint(1, longest) if chance.random() < 0.5 else 1))
        if chance.random() < sleeps:
            place = chance.randrange(len(turns))
            turns[place] = Turn(turns[place].who, turns[place].points, OVER)
        yield tuple(turns)
