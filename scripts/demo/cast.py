"""Who is in the demo: webshops, the people who work there, and on what ground each may be written to.

Everybody is invented, every domain ends in `.example` (RFC 2606). The same seed gives the same cast.
"""

import csv
import enum
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from scripts.demo.chance import between, pick

HERE: Final = Path(__file__).parent


class Ground(enum.StrEnum):
    """What we have in hand about a person, good or not."""

    PUBLISHED = "published"
    """The page invites offers, and a colleague read it."""

    CONSENT = "consent"
    """Given at a trade fair."""

    CUSTOMER = "customer"
    INTEREST = "interest"
    """A documented legitimate interest."""

    DECLINES = "declines"
    """The page asks not to be sent offers."""

    UNREAD = "unread"
    """Nobody looked whether the page invites offers."""

    NOTHING = "nothing"
    OLD = "old"
    """Found so long ago that the month in which they had to be told is over."""

    DEAF = "deaf"
    """As published, but the domain takes no mail."""

    OPTED_OUT = "opted_out"
    """Another program was told to stop."""


ALLOWED: Final = frozenset({Ground.PUBLISHED, Ground.CONSENT, Ground.CUSTOMER, Ground.INTEREST})
NULL_MX: Final = "verfpot.example"
"""The webshop whose domain says that it takes no mail (RFC 7505)."""

_EXCEPTIONS: Final = {
    ("kaarslicht.example", 1): Ground.DECLINES,
    ("theetuin.example", 2): Ground.UNREAD,
    ("sokkenlade.example", 1): Ground.OLD,
    ("ledikant.example", 2): Ground.NOTHING,
    ("koffiebranderijoost.example", 3): Ground.OPTED_OUT,
    ("lesbobines.example", 2): Ground.DECLINES,
}
_COMPLAINTS_DESK: Final = ("poezenpaleis.example", 2)
_MORE_PEOPLE: Final = 13  # of the first webshops have four people instead of three
_ENGLISH_SPEAKING: Final = ("atelierdeslampes", "linsauvage", "caveathe", "velopanier")


@dataclass(frozen=True, slots=True)
class Shop:
    """A webshop."""

    country: str
    language: str
    name: str
    legal_form: str
    domain: str
    """As people write it; may hold letters beyond ASCII."""

    sells: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or a desk, at a webshop."""

    shop: Shop
    slot: int
    address: str
    name: str
    """Empty for a desk."""

    role: str
    language: str
    ground: Ground
    days_ago: int
    """Days between finding the address and the start of the demo."""

    may_be_written_to: bool
    """What the gate has to say of them on the first morning."""


@cache
def shops() -> tuple[Shop, ...]:
    """All webshops, in the order of the file."""
    with (HERE / "webshops.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Shop(**row) for row in csv.DictReader(file, delimiter=";"))


@cache
def cast(seed: int) -> tuple[Person, ...]:
    """Everybody, shop by shop."""
    found: list[Person] = []
    names: set[str] = set()
    for number, shop in enumerate(shops()):
        for slot in range(4 if number < _MORE_PEOPLE or shop.domain.startswith("koffie") else 3):
            person = _person(seed, shop, slot, names)
            names.add(person.name)
            found.append(person)
    return tuple(found)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((HERE / "people.toml").read_text("utf-8"))


def _person(seed: int, shop: Shop, slot: int, taken: set[str]) -> Person:
    words = _words()[shop.language]
    if (shop.domain, slot) == _COMPLAINTS_DESK:
        name, local, role = "", "klantenservice", ""
    elif slot == 0:
        name, local, role = "", pick(_words()["desks"][shop.language], seed, shop.domain, "desk"), ""
    else:
        name = _name(seed, shop, slot, taken)
        first, _, last = name.partition(" ")
        local = f"{_plain(first)}.{_plain(last)}" if slot < 3 else _plain(first)
        role = words["roles"][0] if slot == 1 else pick(words["roles"][1:], seed, shop.domain, slot, "role")
    ground = _EXCEPTIONS.get((shop.domain, slot)) or _usual(seed, shop, slot)
    english = slot == 1 and shop.domain.partition(".")[0] in _ENGLISH_SPEAKING
    return Person(
        shop=shop,
        slot=slot,
        address=f"{local}@{shop.domain}",
        name=name,
        role=role,
        language="en" if english else shop.language,
        ground=ground,
        days_ago=50 if ground is Ground.OLD else between(4, 12, seed, shop.domain, slot, "days"),
        may_be_written_to=ground in ALLOWED and local != "klantenservice" and _suffices(shop, slot, ground),
    )


def _name(seed: int, shop: Shop, slot: int, taken: set[str]) -> str:
    words = _words()[shop.language]
    for attempt in range(100):
        first = pick(words["first"], seed, shop.domain, slot, "first", attempt)
        last = pick(words["last"], seed, shop.domain, slot, "last", attempt)
        if f"{first} {last}" not in taken:
            return f"{first} {last}"
    raise AssertionError("the lists of names are too short")


def _usual(seed: int, shop: Shop, slot: int) -> Ground:
    """What a colleague would have, by country: what the law there asks, or what is lying about."""
    if shop.domain == NULL_MX:
        return Ground.DEAF
    if shop.country in {"GB", "US"}:
        return Ground.INTEREST
    if shop.country == "DE":
        spare = pick((Ground.CUSTOMER, Ground.PUBLISHED), seed, shop.domain, "spare")
        return Ground.CONSENT if slot < 2 else spare
    if shop.country == "BE" and slot == 1:
        return Ground.CONSENT
    return Ground.PUBLISHED


def _suffices(shop: Shop, slot: int, ground: Ground) -> bool:
    """Whether the law of the country is content with the ground (reference table, D3)."""
    if shop.country == "DE" or (shop.country == "BE" and slot > 0):
        return ground in {Ground.CONSENT, Ground.CUSTOMER}
    if shop.country == "GB":
        return shop.legal_form == "Ltd"
    return True


_SPELLED: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def _plain(name: str) -> str:
    """A name as it stands before the @."""
    spelled = unicodedata.normalize("NFC", name.casefold()).translate(_SPELLED)
    decomposed = unicodedata.normalize("NFKD", spelled)
    return "".join(char for char in decomposed if char.isascii() and char.isalpha())
