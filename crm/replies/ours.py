"""Our own words in somebody else's mail: a quoted footer says "stop" and means nothing by it."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self

from crm.replies.folding import fold

_FILE: Final = Path(__file__).with_name("ours.toml")
_SHORTEST: Final = 14  # characters; a shorter fragment might be somebody's own words
_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")
# Lines with one of our links: their label says "stop", and wordings of years ago are recognised by the link.
_LINK: Final = re.compile(r"/(?:u|about|start)/[a-z2-7]{20,}|\bu(?:\+|%2b)[a-z2-7]{20,}@")
_SPLIT: Final = re.compile(r"\{[^{}]*\}|\n|(?<=[.!?])\s")


@dataclass(frozen=True, slots=True)
class OwnWords:
    """What we are known to have written, in pieces as long as possible."""

    pieces: tuple[str, ...]
    """Folded, longest first."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Cut texts (a frame with `{…}`, or a message we sent) into pieces that can be found again."""
        cut = (" ".join(fold(piece).split()) for text in texts for piece in _SPLIT.split(text))
        return cls(tuple(sorted({piece for piece in cut if len(piece) >= _SHORTEST}, key=len, reverse=True)))

    def __or__(self, other: "OwnWords") -> "OwnWords":
        """The words of both."""
        return OwnWords(tuple(sorted({*self.pieces, *other.pieces}, key=len, reverse=True)))

    def taken_out_of(self, text: str) -> str:
        """The text without them. Paragraphs of which nothing is ours stay as they are, line by line."""
        return "\n\n".join(self._paragraph(paragraph) for paragraph in _PARAGRAPH.split(text))

    def _paragraph(self, paragraph: str) -> str:
        lines = _without_links(paragraph.split("\n"))
        joined = " ".join(fold(" ".join(lines)).split())
        if not any(piece in joined for piece in self.pieces):
            return "\n".join(lines)
        for piece in self.pieces:
            joined = joined.replace(piece, "\n")
        return joined


def _without_links(lines: list[str]) -> list[str]:
    """Lines without one of our links, and without a label that was broken off before it."""
    ours = [bool(_LINK.search(line.lower())) for line in lines]
    labels = [
        line.rstrip().endswith(":") and after for line, after in zip(lines, [*ours[1:], False], strict=True)
    ]
    return [line for line, link, label in zip(lines, ours, labels, strict=True) if not link and not label]


@cache
def shipped() -> OwnWords:
    """The words of the frame around our letters, in all languages."""
    return OwnWords.of(tomllib.loads(_FILE.read_text("utf-8"))["words"])
