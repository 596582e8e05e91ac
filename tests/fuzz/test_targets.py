"""Sound input with bytes changed at random gets an answer from every reader, and soon (T12).

`scripts/fuzz.py` looks longer, guided by coverage.
"""

import random
import time
from typing import Final

import pytest

from tests.deep import IS_DEEP, size
from tests.fuzz.targets import TARGETS
from tests.workflows.inbox.test_mutated_mail import SEED, mutated

pytestmark = pytest.mark.timeout(7_200 if IS_DEEP else 120)

INPUTS: Final = size(1_000, 100_000)
_LONGEST: Final = 1.0
"""Seconds of processor time for one input."""


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_comes_is_answered(name: str) -> None:
    target, chance = TARGETS[name], random.Random(SEED)  # noqa: S311 - to be repeated
    seeds = target.seeds()
    for number in range(INPUTS):
        data = mutated(chance, chance.choice(seeds))
        began = time.process_time()
        target(data)
        assert time.process_time() - began < _LONGEST, f"seed {SEED}, input {number}: {data[:200]!r}"
