"""What changed from one text to another: lines, and the words within them. Pure."""

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Final, NamedTuple

_TOKENS: Final = re.compile(r"\s+|\w+|[^\w\s]")
_ALIKE: Final = 0.35
"""Below this likeness two lines are shown whole, one gone and one new: picked words would only confuse."""

_MOST_PAIRS: Final = 1_000_000
"""Of words in two lines; comparing more than that takes seconds."""


class Mark(enum.StrEnum):
    """What became of a piece."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"


class Piece(NamedTuple):
    """Some words of a line."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line: unchanged, gone or new; in the last two, which words make the difference."""

    mark: Mark
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """The whole line."""
        return "".join(piece.text for piece in self.pieces)


def differences(old: str, new: str) -> list[Line]:
    """Both texts as one: what is gone stands before what is new in its place."""
    before, after = old.splitlines(), new.splitlines()
    found: list[Line] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after).get_opcodes():
        if what == "equal":
            found += [_whole(Mark.SAME, line) for line in before[a:b]]
        else:
            found += _block(before[a:b], after[c:d])
    return found


def _block(before: list[str], after: list[str]) -> Iterator[Line]:
    """Lines that stand in each other's place, pair by pair."""
    for old, new in zip(before, after, strict=False):
        yield from _pair(old, new)
    yield from (_whole(Mark.GONE, line) for line in before[len(after) :])
    yield from (_whole(Mark.NEW, line) for line in after[len(before) :])


def _pair(old: str, new: str) -> Iterator[Line]:
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    if len(before) * len(after) > _MOST_PAIRS:
        yield from (_whole(Mark.GONE, old), _whole(Mark.NEW, new))
        return
    gone: list[Piece] = []
    fresh: list[Piece] = []
    for what, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, became = "".join(before[a:b]), "".join(after[c:d])
        # A blank between two other words is no likeness.
        same = what == "equal" and bool(was.strip())
        gone.append(Piece(Mark.SAME if same else Mark.GONE, was))
        fresh.append(Piece(Mark.SAME if same else Mark.NEW, became))
    kept = sum(len(piece.text.strip()) for piece in gone if piece.mark is Mark.SAME)
    if 2 * kept < _ALIKE * (len(old.strip()) + len(new.strip())):
        yield from (_whole(Mark.GONE, old), _whole(Mark.NEW, new))
        return
    yield Line(Mark.GONE, _joined(gone))
    yield Line(Mark.NEW, _joined(fresh))


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Neighbours of one kind as one piece."""
    return tuple(
        Piece(mark, "".join(piece.text for piece in group))
        for mark, group in groupby((piece for piece in pieces if piece.text), key=lambda piece: piece.mark)
    )


def _whole(mark: Mark, line: str) -> Line:
    return Line(mark, (Piece(mark, line),))
