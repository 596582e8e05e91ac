"""Folded text as sentences and clauses of words."""

import re
from dataclasses import dataclass
from typing import Final

from crm.replies import families
from crm.replies.phrases import phrases
from crm.replies.spelling import mended

_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")
_SENTENCE_END: Final = re.compile(r"([.!?;:]+(?=\s|$)|\s-\s|[()])")
_WORD: Final = re.compile(r"[\w'@.&+-]+")
_ELISION: Final = re.compile(r"(?<=\b[nmdljsct])'|(?<=\bqu)'|-(?=(?:moi|nous|vous|les|la|le|y|en)\b)")
_LONGEST_WORD: Final = 60  # characters
_MOST_WORDS: Final = 400  # of a sentence
_BREAKS: Final = frozenset({"maar", "but", "aber", "sondern", "mais", "omdat", "because", "weil", "car"})
_JOINING: Final = frozenset({"en", "and", "und", "et", "graag", "please", "bitte", "merci", "also"})
"""Words after which a new thought may begin, and what is said in one may still belong to the other."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """Its words with one blank between them, and the places where a new thought begins."""

    text: str
    turns: tuple[int, ...]
    clauses: tuple[tuple[str, ...], ...]
    """The words between commas and words like `but`; what belongs together is one word."""

    is_question: bool


def sentences_of(folded: str) -> list[Sentence]:
    """The sentences, in order. Line breaks within a paragraph end none."""
    found = []
    for paragraph in _PARAGRAPH.split(folded):
        pieces = [*_SENTENCE_END.split(paragraph.replace("\n", " ")), ""]
        for text, end in zip(pieces[::2], pieces[1::2], strict=True):
            if text.strip():
                found.append(_sentence(text, is_question="?" in end))
    return found


def without_greeting(folded: str) -> str:
    """The text without the lines above it that greet us."""
    lines = folded.strip().split("\n")
    while lines and (not lines[0].strip() or phrases().greeting.fullmatch(lines[0].strip().rstrip(",.!: "))):
        lines = lines[1:]
    return "\n".join(lines)


def words_of(text: str) -> list[str]:
    """The words, what was mistyped put right."""
    found = (word.strip(".-'&+")[:_LONGEST_WORD] for word in _WORD.findall(text))
    return [mended(word) for word in found if word]


def _sentence(text: str, *, is_question: bool) -> Sentence:
    turns: list[int] = []
    words: list[str] = []
    length = 0
    for clause in text.split(","):
        turns.append(length)
        for word in words_of(clause):
            if word in phrases().turns:
                turns.append(length)
            words.append(word)
            length += len(word) + 1
    return Sentence(" ".join(words[:_MOST_WORDS]), tuple(turns), tuple(_clauses(text)), is_question)


def _clauses(text: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for piece in text.split(","):
        clause: list[str] = []
        for word in words_of(_ELISION.sub(" ", families.joined(piece)))[:_MOST_WORDS]:
            if clause and word in _BREAKS | phrases().turns - _JOINING:
                found.append(tuple(clause))
                clause = []
            clause.append(word)
        found.append(tuple(clause))
    return [clause for clause in found if clause]
