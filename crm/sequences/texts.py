"""The texts of a step: which one somebody gets, the same whenever it is asked."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

MOST_TEXTS: Final = 4
LETTERS: Final = "ABCD"


@dataclass(frozen=True, slots=True)
class Words:
    """What one text says, as templates."""

    subject: str
    """Empty: it continues the thread of the mail before."""

    body: str

    @property
    def key(self) -> str:
        """The same words have the same key in every version."""
        digest = blake2b(digest_size=16)
        digest.update(f"{self.subject}\0{self.body}".encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the texts of a step, as it was published."""

    id: int
    number: int
    """1 is A."""

    words: Words
    key: str
    """Of the words."""

    @property
    def letter(self) -> str:
        """What colleagues call it."""
        return LETTERS[self.number - 1]


def pick(variants: Sequence[Variant], *, off: AbstractSet[int], seed: int | str) -> Variant | None:
    """The text somebody gets, out of those in use; None where a step has one text only.

    It follows from the seed and the words alone, so asking again, or after a move to a version with the
    same texts, gives the same answer; and switching one off moves only those who would have got it.
    """
    usable = [one for one in variants if one.id not in off] or list(variants)
    return max(usable, key=lambda one: _weight(seed, one.key), default=None)


def _weight(seed: int | str, key: str) -> bytes:
    return blake2b(f"{seed}:{key}".encode(), digest_size=8).digest()
