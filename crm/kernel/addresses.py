"""E-mail addresses: one strict reading, and the spellings under which a no must be found again."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import email_validator
import idna

from crm.kernel.errors import AddressFault, InvalidAddressError
from crm.kernel.text import has_hidden

MAX_LENGTH = 254  # characters; RFC 5321 4.5.3.1.3 leaves 254 for the address inside <>
MAX_LOCAL = 64  # octets; RFC 5321 4.5.3.1.1

_EVERYDAY = re.compile(r"([a-zA-Z0-9_+\-]+(?:\.[a-zA-Z0-9_+\-]+)*)@([a-zA-Z0-9.\-]+)")
# A name that IDNA and the library leave as it is; the longest one fits in MAX_LENGTH with a local part.
_PLAIN_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_SPECIAL = frozenset(email_validator.SPECIAL_USE_DOMAIN_NAMES)
_ZERO_WIDTH = re.compile("[\u200b-\u200d\u2060\ufeff\u00ad]")
_GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """One mailbox. The local part keeps its case (RFC 5321 2.4); comparing never looks at it."""

    local: str
    domain: str
    """IDNA 2008 A-label, lower case, without a final dot."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an address as a person typed or pasted it: `Jan <jan@x.example>;` and `mailto:` included.

        Raises:
            InvalidAddressError: there is not exactly one usable mailbox in the text.
        """
        bare = text if _EVERYDAY.fullmatch(text) else _undress(text)
        everyday = _EVERYDAY.fullmatch(bare)
        if everyday and len(everyday[1]) <= MAX_LOCAL and len(bare) <= MAX_LENGTH:
            return cls(everyday[1], _domain(everyday[2]))
        return cls(*_unusual(bare))

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def unicode_domain(self) -> str:
        """The domain as people read it."""
        try:
            return idna.decode(self.domain) if "xn--" in self.domain else self.domain
        except idna.IDNAError:
            return self.domain

    @property
    def identity(self) -> str:
        """The one spelling that tells two mailboxes apart: for duplicates, access and threading."""
        return f"{self.local.casefold()}@{self.domain}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling under which a refusal of this mailbox is kept and found, identity first.

        Suppress broad, disclose narrow: these may stop mail to somebody, never show them anything.
        """
        local = unicodedata.normalize("NFKC", self.local).casefold()
        domain, tagless = self.domain, local.partition("+")[0] or local
        found = [self.identity, f"{local}@{domain}", f"{tagless}@{domain}"]
        if domain in _GMAIL:
            found.append(f"{tagless.replace('.', '')}@gmail.com")
        return tuple(dict.fromkeys(found))


def _undress(text: str) -> str:
    """Take off what surrounds an address on paper: blanks, brackets, a name, a scheme, punctuation."""
    bare = _ZERO_WIDTH.sub("", text).replace("\u00a0", " ").strip()
    if has_hidden(bare):
        raise InvalidAddressError(AddressFault.CONTROL_CHARACTER)
    if bare.endswith((">", ">;", ">,")) and bare.count("<") == 1:
        name, _, bare = bare.rstrip(";,").removesuffix(">").partition("<")
        if "@" in name:
            raise InvalidAddressError(AddressFault.SEVERAL)
    bare = bare.strip().rstrip(";,.>").lstrip("<")
    if bare[:7].lower() == "mailto:":
        bare = bare[7:]
    if not bare:
        raise InvalidAddressError(AddressFault.EMPTY)
    if bare.startswith('"') or bare.endswith("]"):
        raise InvalidAddressError(AddressFault.QUOTED)
    if bare.count("@") != 1:
        raise InvalidAddressError(AddressFault.SEVERAL if "@" in bare else AddressFault.NO_AT)
    return bare


def _unusual(bare: str) -> tuple[str, str]:
    """Read what the everyday pattern leaves over, with the library's full rules."""
    local, _, domain = bare.partition("@")
    if len(bare) > MAX_LENGTH or len(local.encode()) > MAX_LOCAL:
        raise InvalidAddressError(AddressFault.TOO_LONG)
    if mixes_scripts(local) or any(mixes_scripts(label) for label in domain.split(".")):
        raise InvalidAddressError(AddressFault.MIXED_SCRIPT)
    ascii_domain = _domain(domain)
    try:
        checked = email_validator.validate_email(
            f"{local}@{ascii_domain}", check_deliverability=False, strict=True, test_environment=True
        )
    except email_validator.EmailNotValidError as error:
        raise InvalidAddressError(AddressFault.LOCAL_PART) from error
    return unicodedata.normalize("NFC", checked.local_part), ascii_domain


def _domain(text: str) -> str:
    """The domain as the wire wants it; a fault found once is raised for every row that repeats it."""
    found = _read_domain(text.lower())
    if isinstance(found, AddressFault):
        raise InvalidAddressError(found)
    return found


@lru_cache(maxsize=65_536)
def _read_domain(text: str) -> str | AddressFault:
    text = text.rstrip(".")
    if _PLAIN_DOMAIN.fullmatch(text) and "--" not in text and text.rpartition(".")[2] not in _SPECIAL:
        return text
    if any(mixes_scripts(label) for label in text.split(".")):
        return AddressFault.MIXED_SCRIPT
    try:
        # IDNA 2008: the standard library's 2003 rules turn `faß` into another domain.
        domain = idna.encode(text, uts46=True).decode("ascii").lower()
        checked = email_validator.validate_email(
            f"x@{domain}", check_deliverability=False, strict=True, test_environment=True
        )
    except (idna.IDNAError, email_validator.EmailNotValidError, UnicodeError):
        return AddressFault.DOMAIN
    return checked.ascii_domain or AddressFault.DOMAIN


_TOGETHER = frozenset({"HIRAGANA", "KATAKANA", "CJK", "HANGUL", "BOPOMOFO"})


def mixes_scripts(label: str) -> bool:
    """Tell whether letters of different alphabets stand in one label: Latin and one Cyrillic letter, say.

    Scripts that are written together (the East Asian ones, with or without Latin) are no mixture.
    """
    if label.isascii():
        return False
    letters = (unicodedata.name(char, "").partition(" ")[0] for char in label if char.isalpha())
    scripts = {name for name in letters if name} - _TOGETHER
    return len(scripts - {"FULLWIDTH"}) > 1
