"""Cut a template into text and tags, and tags into tokens. Linear in the length of the source."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from crm.compose.faults import Fault, FaultCode, place

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r'|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<mark>[|()])"
    r"|(?P<end>\}\}))"
)
_BRACE: Final = re.compile(r"[{}]")
_ESCAPE: Final = re.compile(r"\\(.)")


class Token(NamedTuple):
    """A name, a quoted text (without its quotation marks) or one of `|`, `(`, `)`."""

    kind: str
    text: str
    offset: int


class Text(NamedTuple):
    """What stands in the message as it stands in the template."""

    text: str
    offset: int


class Tag(NamedTuple):
    """What stood between double braces."""

    tokens: tuple[Token, ...]
    offset: int
    end: int
    """Of the source after the closing braces."""


def pieces(source: str) -> Iterator[Text | Tag | Fault]:
    """Text and tags in order, with the faults where they are."""
    seen = 0
    while (start := source.find("{{", seen)) >= 0:
        yield from _text(source, seen, start)
        tag = _tag(source, start)
        yield tag
        if isinstance(tag, Tag):
            seen = tag.end
            continue
        closing = source.find("}}", start)
        if closing < 0:
            return
        seen = closing + 2
    yield from _text(source, seen, len(source))


def _text(source: str, start: int, end: int) -> Iterator[Text | Fault]:
    if start < end:
        yield Text(source[start:end], start)
    for brace in _BRACE.finditer(source, start, end):
        words = "A single brace. A field is written with two on each side: {{ first_name }}."
        yield Fault(FaultCode.SINGLE_BRACE, words, *place(source, brace.start()))


def _tag(source: str, start: int) -> Tag | Fault:
    tokens: list[Token] = []
    at = start + 2
    while match := _TOKEN.match(source, at):
        kind = match.lastgroup or ""
        at = match.end()
        if kind == "end":
            return Tag(tuple(tokens), start, at)
        text = match[kind]
        if kind == "string":
            text = _ESCAPE.sub(r"\1", text[1:-1])
        tokens.append(Token(kind, text, match.start(kind)))
    if source.find("}}", start) < 0:
        words = "This field is opened with {{ and never closed with }}."
        return Fault(FaultCode.UNCLOSED, words, *place(source, start))
    at += len(source[at:]) - len(source[at:].lstrip())
    return Fault(FaultCode.SYNTAX, _stranger(source[at : at + 1]), *place(source, at))


def _stranger(char: str) -> str:
    if char in "\u201c\u201d\u201e\u00ab\u00bb'\u2018\u2019":
        return 'Use straight double quotation marks: default("there").'
    if char == '"':
        return "The quotation mark is opened and not closed on this line."
    return 'Inside the braces stand one field and its filters, as in {{ name | default("there") }}.'
