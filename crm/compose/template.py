"""The language staff write in (D9): text, `{{ field }}`, with filters and `default("there")`.

No expressions, calls, loops or attributes: a template can name an allow-listed value and nothing else (I38).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Self

from crm.compose.faults import TemplateFaultError, UnusableValueError
from crm.compose.fields import FIELDS, Field
from crm.compose.grammar import Hole, parse
from crm.compose.leftovers import leftovers

MAX_OUTPUT: Final = 100_000
"""Characters of one rendered text."""


class Template:
    """A compiled template. Immutable; one object a source."""

    def __init__(self, parts: tuple[str | Hole, ...]) -> None:
        self._parts = parts

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields it uses."""
        return frozenset(part.field.name for part in self._parts if isinstance(part, Hole))

    @classmethod
    def compile(cls, source: str, *, fields: tuple[Field, ...] = FIELDS) -> Self:
        """Read a template; compiled once, then remembered.

        Raises:
            TemplateFaultError: it cannot be rendered for everybody; lists everything that is wrong.
        """
        return cls(_usual(source) if fields is FIELDS else _compiled(source, fields))

    def render(self, values: Mapping[str, str | None]) -> str:
        """The text for one person. Values are cleaned to one line each.

        Raises:
            MissingValueError: a value is missing or unusable; concerns this person only.
        """
        text = "".join([part if isinstance(part, str) else part.fill(values) for part in self._parts])
        if len(text) > MAX_OUTPUT or leftovers(text):
            raise UnusableValueError("template")
        return text


@lru_cache(maxsize=1024)
def _usual(source: str) -> tuple[str | Hole, ...]:
    return _compiled(source, FIELDS)


def _compiled(source: str, fields: tuple[Field, ...]) -> tuple[str | Hole, ...]:
    parts, faults = parse(source, fields)
    if faults:
        raise TemplateFaultError(tuple(faults))
    return tuple(parts)
