"""What the tags of a template mean, and everything that is wrong with them."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

from crm.compose.faults import Fault, FaultCode, MissingValueError, UnusableValueError, place
from crm.compose.fields import DEFAULT, FIELDS, FILTERS, Field, without_scheme
from crm.compose.leftovers import leftovers
from crm.compose.lexer import Tag, Text, Token, pieces
from crm.kernel.text import one_line

MAX_SOURCE: Final = 20_000
"""Bytes of one template."""

MAX_VALUE: Final = 300
"""Characters of one value: longer, it is not a name, a role or a company."""

MAX_FAULTS: Final = 50
ABSENT: Final = frozenset({"", "none", "null", "nan", "n/a", "#n/a", "undefined"})
"""How spreadsheets and programs write nothing."""

Step = Callable[[str], str]


class Hole(NamedTuple):
    """One tag, understood."""

    field: Field
    steps: tuple[Step | str, ...]
    """Filters, and the text of `default` where it stands among them."""

    def fill(self, values: Mapping[str, str | None]) -> str:
        """The value as it will stand in the message."""
        text = one_line(values.get(self.field.name) or "")
        if self.field.is_web_address:
            text = without_scheme(text)
        if text.casefold() in ABSENT:
            text = ""
        elif len(text) > MAX_VALUE or "{" in text or "}" in text:
            raise UnusableValueError(self.field.name)
        for step in self.steps:
            if not isinstance(step, str):
                text = step(text)
            elif not text:
                text = step
        if not text:
            raise MissingValueError(self.field.name)
        return text


def parse(source: str, fields: tuple[Field, ...] = FIELDS) -> tuple[list[str | Hole], list[Fault]]:
    """Everything in a template, and everything wrong with its grammar."""
    if len(source.encode(errors="replace")) > MAX_SOURCE:
        words = f"The template is longer than {MAX_SOURCE // 1000} kB."
        return [], [Fault(FaultCode.TOO_LONG, words, 1, 1)]
    known = {field.name: field for field in fields}
    parts: list[str | Hole] = []
    faults: list[Fault] = []
    for piece in pieces(source):
        if isinstance(piece, Text):
            parts.append(piece.text)
            continue
        found = _Grammar(source, known).hole(piece) if isinstance(piece, Tag) else piece
        if isinstance(found, Fault):
            faults.append(found)
        else:
            parts.append(found)
        if len(faults) == MAX_FAULTS:
            break
    return parts, faults


class _Grammar:
    """`field ("|" filter | "|" default "(" text ")")*`."""

    def __init__(self, source: str, known: Mapping[str, Field]) -> None:
        self._source = source
        self._known = known

    def hole(self, tag: Tag) -> Hole | Fault:
        tokens = list(tag.tokens)
        if not tokens or tokens[0].kind != "name":
            return self._fault(FaultCode.SYNTAX, tag.offset, "The name of a field is missing after {{.")
        first = tokens.pop(0)
        field = self._known.get(first.text)
        if field is None:
            words = f"There is no field “{first.text}”.{_meant(first.text, list(self._known))}"
            return self._fault(FaultCode.UNKNOWN_FIELD, first.offset, words)
        steps: list[Step | str] = []
        while tokens:
            step = self._step(tokens)
            if isinstance(step, Fault):
                return step
            steps.append(step)
        if field.may_be_empty and not any(isinstance(step, str) for step in steps):
            words = (
                f"{field.name} may be empty. Say what stands there instead: "
                f'{{{{ {field.name} | default("…") }}}}.'
            )
            return self._fault(FaultCode.DEFAULT_MISSING, tag.offset, words)
        return Hole(field, tuple(steps))

    def _step(self, tokens: list[Token]) -> Step | str | Fault:
        bar = tokens.pop(0)
        if bar.text != "|" or bar.kind != "mark" or not tokens or tokens[0].kind != "name":
            return self._fault(
                FaultCode.SYNTAX, bar.offset, "After a field stands | and the name of a filter."
            )
        name = tokens.pop(0)
        if name.text == DEFAULT:
            return self._default(tokens, name)
        if name.text not in FILTERS:
            words = f"There is no filter “{name.text}”.{_meant(name.text, [DEFAULT, *FILTERS])}"
            return self._fault(FaultCode.UNKNOWN_FILTER, name.offset, words)
        return FILTERS[name.text]

    def _default(self, tokens: list[Token], name: Token) -> str | Fault:
        shape = [(token.kind, token.text) for token in tokens[:3]]
        if (
            len(shape) < 3
            or shape[0] != ("mark", "(")
            or shape[1][0] != "string"
            or shape[2] != ("mark", ")")
        ):
            words = 'default wants a text in quotation marks: default("there").'
            return self._fault(FaultCode.SYNTAX, name.offset, words)
        given = tokens[1]
        del tokens[:3]
        text = one_line(given.text)
        if text.casefold() in ABSENT or "{" in text or "}" in text or leftovers(text):
            words = "The text in default(…) is empty or looks like a field. Write words a reader can read."
            return self._fault(FaultCode.DEFAULT_UNUSABLE, given.offset, words)
        return text

    def _fault(self, code: FaultCode, offset: int, words: str) -> Fault:
        return Fault(code, words, *place(self._source, offset))


def _meant(text: str, names: list[str]) -> str:
    close = get_close_matches(text[:40].lower(), names, n=1)
    return f" Did you mean {close[0]}?" if close else f" There are: {', '.join(names)}."
