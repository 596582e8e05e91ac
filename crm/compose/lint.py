"""Everything that can be said about a template before anybody receives it. Run when it is saved."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from crm.compose.faults import Fault, FaultCode, Part, Severity, place
from crm.compose.fields import FIELDS, Field
from crm.compose.grammar import MAX_FAULTS, MAX_SOURCE, parse
from crm.compose.leftovers import FOREIGN, NOTHING
from crm.compose.lexer import Tag, pieces
from crm.compose.markup import LINK, links_in
from crm.kernel.text import has_hidden

LONG_SUBJECT: Final = 78
"""Characters; what a list of mails shows."""

MAX_SUBJECT: Final = 200
LONG_LETTER: Final = 180
"""Words. Letters that are answered have 60 to 120."""

LOOPBACK: Final = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/]|$)", re.IGNORECASE)
FALSE_REPLY: Final = re.compile(r"\s*(?:re|fwd?|aw|wg|antw|doorst|tr)\s*:", re.IGNORECASE)
"""Pretends that there was a conversation."""

_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_BLANK: Final = "\x00"
_FIELD_IN_LINK: Final = re.compile(r'(?:https?://|mailto:)[^\s<>"\x00]*\x00', re.IGNORECASE)


class _Rule(NamedTuple):
    pattern: re.Pattern[str]
    code: FaultCode
    words: str


_RULES: Final = (
    _Rule(
        FOREIGN,
        FaultCode.FOREIGN_PLACEHOLDER,
        "This looks like a field of another program. Here it is {{ first_name }}.",
    ),
    _Rule(NOTHING, FaultCode.BARE_NONE, "The word None looks like a value that was missing."),
    _Rule(
        re.compile(r"\[[^\[\]\n]+\]\(\s*(?:https?:|mailto:|www\.)|<a[\s>]", re.IGNORECASE),
        FaultCode.HIDDEN_LINK,
        "A link shows where it goes: write the address itself.",
    ),
    _Rule(
        re.compile(r"https?://[^\s/?#@<>]*@", re.IGNORECASE),
        FaultCode.HIDDEN_LINK,
        "An address with @ before the host hides where it goes.",
    ),
    _Rule(
        re.compile(r"</?(?!a[\s>])[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE),
        FaultCode.MARKUP,
        "Write plain text; paragraphs and links become HTML by themselves.",
    ),
    _Rule(
        _FIELD_IN_LINK,
        FaultCode.FIELD_IN_LINK,
        "A link is the same for everybody: a field in it would carry personal data into an address.",
    ),
)


def lint(subject: str, body: str, *, fields: tuple[Field, ...] = FIELDS) -> list[Fault]:
    """Every fault of both texts, in order. Without one of severity `error` the template may be saved."""
    found: list[Fault] = []
    for part, source in ((Part.SUBJECT, subject), (Part.BODY, body)):
        _, grammar = parse(source, fields)
        faults = list(grammar)
        if len(source.encode(errors="replace")) <= MAX_SOURCE:
            faults += _in_both(source)
            faults += _in_subject(source) if part is Part.SUBJECT else _in_body(source)
        found += [
            Fault(fault.code, fault.words, fault.line, fault.column, part, fault.severity)
            for fault in sorted(faults, key=lambda fault: (fault.line, fault.column))[:MAX_FAULTS]
        ]
    return found


def has_errors(faults: list[Fault]) -> bool:
    """Tell whether one of the faults keeps the template from being saved."""
    return any(fault.severity is Severity.ERROR for fault in faults)


def _in_both(source: str) -> Iterator[Fault]:
    if not source.strip():
        yield Fault(FaultCode.EMPTY, "There is nothing here yet.", 1, 1)
    if has_hidden(source.replace("\r\n", "").replace("\n", "")):
        words = "There is an invisible character here, perhaps from a word processor. Paste it as plain text."
        yield Fault(FaultCode.HIDDEN_CHARACTER, words, 1, 1)
    blanked = LINK.sub(_without_escapes, _blanked(source))
    for rule in _RULES:
        for match in rule.pattern.finditer(blanked):
            yield Fault(rule.code, rule.words, *place(source, match.start()))


def _in_subject(source: str) -> Iterator[Fault]:
    if "\n" in source or "\r" in source:
        yield Fault(FaultCode.LINE_BREAK, "A subject is one line.", 1, 1)
    if FALSE_REPLY.match(source):
        words = "“Re:” and “Fwd:” pretend a conversation that never was."
        yield Fault(FaultCode.FALSE_REPLY, words, 1, 1)
    if len(source) > LONG_SUBJECT:
        severity = Severity.ERROR if len(source) > MAX_SUBJECT else Severity.WARNING
        words = f"Mail programs show about {LONG_SUBJECT} characters of a subject."
        yield Fault(FaultCode.LONG_SUBJECT, words, 1, LONG_SUBJECT + 1, severity=severity)


def _in_body(source: str) -> Iterator[Fault]:
    blanked = _blanked(source)
    for match in LINK.finditer(blanked):
        if match[0].lower().startswith("http:") and not LOOPBACK.match(match[0]):
            words = "Links in mail begin with https://."
            yield Fault(FaultCode.INSECURE_LINK, words, *place(source, match.start()))
    if len(links_in(blanked)) > 1:
        words = "One link is enough: what should the reader do first?"
        yield Fault(FaultCode.MANY_LINKS, words, 1, 1, severity=Severity.WARNING)
    if len(source.split()) > LONG_LETTER:
        words = f"This letter has more than {LONG_LETTER} words. Those that are answered have 60 to 120."
        yield Fault(FaultCode.LONG_LETTER, words, 1, 1, severity=Severity.WARNING)


def _without_escapes(link: re.Match[str]) -> str:
    """An address without its percent signs, as long as before: `%C3%A9` is no field."""
    return _ESCAPE.sub("---", link[0])


def _blanked(source: str) -> str:
    """The source with its tags blacked out, every character still in its place."""
    out = list(source)
    for piece in pieces(source):
        if isinstance(piece, Tag):
            out[piece.offset : piece.end] = _BLANK * (piece.end - piece.offset)
    return "".join(out)
