"""Words of a no that were typed in a hurry, put right: long ones only, and where nothing else is near."""

import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).with_name("spelling.toml")
_SHORTEST: Final = 5  # letters, of what was typed


@lru_cache(maxsize=20_000)
def mended(word: str) -> str:
    """The word of a no that this one must mean, else the word itself."""
    lists = _lists()
    if len(word) < _SHORTEST or word in lists["others"] or word in lists["known"] or not word.isalpha():
        return word
    near = (one for one in lists["known"] if _begins_like(word, one) and _is_near(word, one))
    return next(near, word)


def _begins_like(word: str, known: str) -> bool:
    """The first letter is the one that people mistype least; it may be missing."""
    return word[0] == known[0] or word == known[1:]


def _is_near(word: str, known: str) -> bool:
    """One letter wrong, missing, doubled or out of order; two in words of eleven and more."""
    most = 2 if len(known) >= 11 else 1
    return abs(len(word) - len(known)) <= most and _distance(word, known, most) <= most


def _distance(word: str, known: str, most: int) -> int:
    """How many letters differ, swapped neighbours counted once; whatever is more than `most` is far."""
    before: list[int] = []
    row = list(range(len(known) + 1))
    for at, letter in enumerate(word, start=1):
        above, row = row, [at]
        for place, other in enumerate(known, start=1):
            cost = min(above[place] + 1, row[-1] + 1, above[place - 1] + (letter != other))
            if at > 1 and place > 1 and letter == known[place - 2] and word[at - 2] == other:
                cost = min(cost, before[place - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = above
    return row[-1]


@cache
def _lists() -> dict[str, Sequence[str]]:
    return tomllib.loads(_FILE.read_text("utf-8"))
