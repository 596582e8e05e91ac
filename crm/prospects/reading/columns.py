"""The columns an import may fill, why others are dropped, and what both are called out there."""

import enum
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

_HEADERS: Final = Path(__file__).with_name("headers.toml")
_WORD: Final = re.compile(r"[^\W_]+")


class Target(enum.StrEnum):
    """What a column of the file may be: nothing else is kept (P3)."""

    ADDRESS = "address"
    COMPANY = "company"
    WEBSITE = "website"
    COUNTRY = "country"
    LANGUAGE = "language"
    TIME_ZONE = "time_zone"
    LEGAL_FORM = "legal_form"
    RELEVANCE = "relevance"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    ROLE = "role"
    SOURCE_KIND = "source_kind"
    SOURCE_URL = "source_url"
    SOURCE_WORDS = "source_words"
    OBTAINED_ON = "obtained_on"
    BASIS = "basis"
    BASIS_URL = "basis_url"
    BASIS_WORDING = "basis_wording"
    CONFIRMED_BY = "confirmed_by"
    OPTED_OUT = "opted_out"
    """Somebody told another program to stop. Only ever heard as a no, and in every column that says it."""


class DropReason(enum.StrEnum):
    """Why a column is not kept."""

    PHONE = "phone"
    BIRTHDAY = "birthday"
    SOCIAL = "social"
    IDENTITY_NUMBER = "identity_number"
    PRIVATE_ADDRESS = "private_address"
    POSTAL = "postal"
    PERSON = "person"
    IDENTIFIER = "identifier"
    LABELS = "labels"
    BOOKKEEPING = "bookkeeping"
    OURS = "ours"
    SECOND = "second"
    CHOSEN = "chosen"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """One sentence for the preview and the report."""
        return _DROP_WORDS[self]


_DROP_WORDS: Final = {
    DropReason.PHONE: "Telephone numbers are not kept: the privacy policy does not list them.",
    DropReason.BIRTHDAY: "Birthdays are not kept: the privacy policy does not list them.",
    DropReason.SOCIAL: "Profiles on social networks are not kept: the privacy policy does not list them.",
    DropReason.IDENTITY_NUMBER: "Numbers of identity papers and bank accounts are never kept.",
    DropReason.PRIVATE_ADDRESS: "Only business addresses are kept, one a person.",
    DropReason.POSTAL: "Postal addresses are not kept: the privacy policy does not list them.",
    DropReason.PERSON: "This says something about a person that the privacy policy does not list.",
    DropReason.IDENTIFIER: "This is a number of another program.",
    DropReason.LABELS: "Labels of another program are not kept.",
    DropReason.BOOKKEEPING: "This is another program's own note.",
    DropReason.OURS: "This was added by the file of broken rows.",
    DropReason.SECOND: "Another column already fills this field.",
    DropReason.CHOSEN: "You chose not to import this column.",
    DropReason.UNKNOWN: "This is not one of the fields that are kept.",
}


class Known(NamedTuple):
    """Everything that is known about headers; all names folded."""

    columns: Mapping[str, tuple[Target, int]]
    """Name to target, and how much the name is preferred: 0 is most."""

    dropped: Mapping[str, DropReason]
    parts: tuple[tuple[str, Target | DropReason], ...]
    before: frozenset[str]
    after: frozenset[str]


@cache
def known() -> Known:
    """The names of `headers.toml`."""
    found = tomllib.loads(_HEADERS.read_text("utf-8"))
    columns = {
        folded(name): (Target(target), rank)
        for target, names in found["columns"].items()
        for rank, name in enumerate(names)
    }
    dropped = {
        folded(name): DropReason(reason) for reason, names in found["dropped"].items() for name in names
    }
    parts = [(part, _meaning(meaning)) for meaning, words in found["parts"].items() for part in words]
    wrapping = found["wrapping"]
    return Known(columns, dropped, tuple(parts), frozenset(wrapping["before"]), frozenset(wrapping["after"]))


def words_of(header: str) -> list[str]:
    """The words of a header without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", header.replace("ß", "ss").casefold())
    return _WORD.findall("".join(char for char in decomposed if not unicodedata.combining(char)))


def folded(header: str) -> str:
    """The form in which two headers are compared: `E-mail adres` and `e-mailadres` are one."""
    return "".join(words_of(header))


def _meaning(name: str) -> Target | DropReason:
    try:
        return Target(name)
    except ValueError:
        return DropReason(name)
