"""Addresses and domains as people read them; the form on the wire stays where one could pass for another."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna

_ENCODED: Final = re.compile(r"[a-z0-9.\-]*xn--[a-z0-9.\-]*[a-z0-9\-]", re.IGNORECASE)

_LOOKALIKES: Final = frozenset("асеорхуіјѕһԁԛԝмтвнкαοετυρνκικβ")
"""Cyrillic and Greek letters that are drawn like Latin ones."""

_TOGETHER: Final = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL"})
"""Scripts that are written beside each other in one word."""


def as_read(text: str) -> str:
    """A text with its `xn--` domains in their own letters, for looking at; never for sending or comparing."""
    return _ENCODED.sub(lambda found: _domain(found[0]), text) if "xn--" in text.lower() else text


def as_kept(text: str) -> str:
    """What `as_read` makes readable, in the form that is kept: an address, a domain or a part of one."""
    if text.isascii():
        return text
    before, at, domain = text.rpartition("@")
    try:
        return before + at + idna.encode(domain.lower(), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return text


def imitates_latin(label: str) -> bool:
    """A label of nothing but letters that look Latin and are not: coco in Cyrillic."""
    letters = [char for char in unicodedata.normalize("NFC", label) if char.isalpha()]
    return bool(letters) and all(char in _LOOKALIKES for char in letters)


@lru_cache(maxsize=4_096)
def _domain(domain: str) -> str:
    try:
        read = idna.decode(domain)
    except (idna.IDNAError, UnicodeError):
        return domain
    return domain if any(imitates_latin(label) or _mixes(label) for label in read.split(".")) else read


def _mixes(label: str) -> bool:
    scripts = {unicodedata.name(char, "?").split(maxsplit=1)[0] for char in label if char.isalpha()}
    return len(scripts) > 1 and not scripts <= _TOGETHER | {"LATIN"}
