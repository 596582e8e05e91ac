"""Chance that can be had again."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random


@contextmanager
def seeded(chance: Random) -> Iterator[None]:
    """Names that are random outside follow from the seed here."""
    own = Random(chance.random())  # noqa: S311 - to be repeated, not to be secret
    real_bytes, real_below = secrets.token_bytes, secrets.randbelow
    secrets.token_bytes = lambda nbytes=None: own.randbytes(nbytes or 32)
    secrets.randbelow = lambda exclusive_upper_bound: int(own.random() * exclusive_upper_bound)
    try:
        yield
    finally:
        secrets.token_bytes, secrets.randbelow = real_bytes, real_below
