"""Who an address belongs to, as the country table asks it: the kind of address and of business."""

import enum
import re
import unicodedata
from pathlib import Path
from typing import Final


class AddressKind(enum.StrEnum):
    """What stands before the @."""

    NAMED = "named"
    """A person: `ann.smit@`. Anything we do not know to be a desk counts as one."""

    GENERIC = "generic"
    """A desk that offers may go to: `info@`, `inkoop@`."""

    NEVER = "never"
    """A desk with another job, or a machine: `privacy@`, `no-reply@`, `support@`."""


class LegalForm(enum.StrEnum):
    """What kind of subscriber a business is to the law on e-mail."""

    LEGAL_PERSON = "legal_person"
    """B.V., N.V., GmbH, SARL, Ltd, Inc."""

    SOLE_TRADER = "sole_trader"
    """Eenmanszaak, e.K., auto-entrepreneur, autónomo."""

    PARTNERSHIP = "partnership"
    """V.O.F., maatschap, GbR. Its members are people: judged like a sole trader."""

    UNKNOWN = "unknown"
    """Nobody looked it up: judged like a sole trader."""


def _sections() -> dict[str, frozenset[str]]:
    """The sections of `roles.txt`."""
    text = Path(__file__).with_name("roles.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    parts = "\n".join(lines).split("[")[1:]
    named = (part.partition("]") for part in parts)
    return {name: frozenset(words.split()) for name, _, words in named}


_ROLES: Final = _sections()
_GENERIC: Final = _ROLES["generic"]
_NEVER: Final = _ROLES["never"]
_BESIDE: Final = _ROLES["beside"]
_SEPARATORS: Final = re.compile(r"[._\-]+")
_DIGITS: Final = re.compile(r"\d+$")
_MACHINE: Final = re.compile(
    r"^(bounces?([^a-z]|$)|(no|do-?not|dont)[._-]?reply|prvs=|owner-|sender-)|-(request|owner|bounces)$"
)


def address_kind(local: str) -> AddressKind:
    """Tell a person from a desk by the part before the @, in Dutch, English, German and French.

    Whatever is not known counts as a person's, which every country treats at least as strictly.
    """
    folded = _fold(local)
    if _MACHINE.search(folded):
        return AddressKind.NEVER
    words = [_DIGITS.sub("", word) for word in _SEPARATORS.split(folded.partition("+")[0])]
    joined = "".join(words)
    if joined in _NEVER:
        return AddressKind.NEVER
    if joined in _GENERIC:
        return AddressKind.GENERIC
    return _of_words([word for word in words if word and word not in _BESIDE])


def _of_words(words: list[str]) -> AddressKind:
    """Judge words one by one: a desk needs every word to be a desk's, and one bad word spoils it."""
    if not words or not all(word in _GENERIC or word in _NEVER for word in words):
        return AddressKind.NAMED
    return AddressKind.NEVER if any(word in _NEVER for word in words) else AddressKind.GENERIC


def _fold(local: str) -> str:
    if local.isascii():
        return local.strip().casefold()
    decomposed = unicodedata.normalize("NFKD", local.strip().casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))
