"""What a template may name: the fields, and what may be done to them. Nothing else is within its reach."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Field(NamedTuple):
    """One value of the prospect, the company or the sender."""

    name: str
    words: str
    """What it is, for the list beside the editor."""

    example: str
    may_be_empty: bool = False
    """A template must say what stands there instead."""

    is_web_address: bool = False
    """Shown as people write it: without scheme and final slash."""


FIELDS: Final = (
    Field("first_name", "First name of the prospect", "Anna", may_be_empty=True),
    Field("last_name", "Last name of the prospect", "de Boer", may_be_empty=True),
    Field("name", "Whole name of the prospect", "Anna de Boer", may_be_empty=True),
    Field("role", "Role in the company", "e-commerce manager", may_be_empty=True),
    Field("company", "Name of the company", "Winkel & Zoon"),
    Field("website", "Website of the company", "www.winkel.example", may_be_empty=True, is_web_address=True),
    Field("domain", "Domain of the company", "winkel.example", may_be_empty=True),
    Field("country", "Country of the company, in the prospect's language", "Nederland", may_be_empty=True),
    Field("sender_name", "Name of whoever signs", "Sanne de Wit"),
    Field("sender_first_name", "First name of whoever signs", "Sanne"),
)
"""The allow-list (D9)."""


def without_scheme(text: str) -> str:
    """`https://www.winkel.example/` as people write it: `www.winkel.example`."""
    return text.removeprefix("https://").removeprefix("http://").rstrip("/")


def capitalized(text: str) -> str:
    """First letter large, the rest as it is: `mcDonald` keeps its D, unlike `str.capitalize`."""
    return text[:1].upper() + text[1:]


def bare(text: str) -> str:
    """A web address down to its host: `https://www.winkel.example/nl?x` becomes `winkel.example`."""
    host, _, _ = without_scheme(text).partition("/")
    return host.partition("?")[0].removeprefix("www.")


FILTERS: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {"capitalize": capitalized, "lower": str.lower, "upper": str.upper, "bare": bare}
)
"""All filters but `default("…")`, which is part of the language."""

DEFAULT: Final = "default"
