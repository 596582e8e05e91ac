"""The names of the months as people write them in Dutch, English, German and French."""

import unicodedata
from types import MappingProxyType
from typing import Final

_NAMES: Final = (
    "january januari januar janvier jan janv janner",
    "february februari februar fevrier feb febr fev fevr",
    "march maart marz mars maerz mar mrt mrz",
    "april avril apr avr",
    "may mei mai",
    "june juni juin jun",
    "july juli juillet jul juil",
    "august augustus aout aug",
    "september septembre sep sept",
    "october oktober octobre oct okt",
    "november novembre nov",
    "december dezember decembre dec dez",
)
_NUMBERS: Final = MappingProxyType(
    {name: number for number, names in enumerate(_NAMES, start=1) for name in names.split()}
)

MONTH_WORDS: Final = tuple(sorted(_NUMBERS, key=len, reverse=True))
"""All spellings without accents, longest first, as an alternation in a pattern wants them."""


def plain(text: str) -> str:
    """The text in lower case and without accents: `Août` and `aout` are one word."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def month_of(word: str) -> int | None:
    """The number of a month, 1 to 12, by its name or abbreviation, with or without accents and full stop."""
    return _NUMBERS.get(plain(word).rstrip("."))
