"""Cells made into values: text on one line, one address, a page, a day."""

import re
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import AddressFault, InvalidAddressError
from crm.kernel.months import month_of
from crm.kernel.readable import imitates_latin
from crm.kernel.text import has_hidden, one_line
from crm.prospects.reading.faults import CellFaultError, RowFaultCode
from crm.prospects.reading.text_file import FORMULA_MARK

_PROTECTED: Final = re.compile(r"'+[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]")
_ERRORS: Final = frozenset(
    {"#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", FORMULA_MARK}
)
_LONGEST_LINK: Final = 500  # characters
_HOST: Final = re.compile(r"[^\s@/\\<>\"'`|]+\.[^\s@/\\<>\"'`|.]{2,}", re.ASCII)

_PROFILE: Final = re.compile(r"//([^/]+\.)?(linkedin\.com/(in|pub)|xing\.com/profile)(/|$)")

_ISO: Final = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.,]+(?:Z| ?[AP]M|[+-][\d:]+)?)?", re.IGNORECASE
)
_NUMBERS: Final = re.compile(
    r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4})(?:[ ,T]+[\d:.]+(?: ?[AP]M)?)?", re.IGNORECASE
)
_DAY_FIRST: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|e|\.)?[ -]+(?:de |of )?([^\W\d_]{3,10})\.?,?[ -]+(\d{4})"
)
_MONTH_FIRST: Final = re.compile(r"([^\W\d_]{3,10})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_WEEKDAY: Final = re.compile(r"^[^\W\d_]{2,10}[,.] +")

_ADDRESS_CODES: Final = {
    AddressFault.EMPTY: RowFaultCode.NO_ADDRESS,
    AddressFault.SEVERAL: RowFaultCode.SEVERAL_ADDRESSES,
    AddressFault.MIXED_SCRIPT: RowFaultCode.NEEDS_REVIEW,
}


def cleaned(text: str) -> str:
    """The cell on one line, without what nobody typed and the mark that keeps text from being a formula.

    Raises:
        CellFaultError: the cell has a formula or an error where its value should be.
    """
    if text.startswith("'") and _PROTECTED.match(text):
        text = text[1:]
    plain = " ".join(text.split()) if text.isascii() and text.isprintable() else one_line(text)
    if plain in _ERRORS or text == FORMULA_MARK:
        raise CellFaultError(RowFaultCode.FORMULA)
    return plain


def address_of(text: str) -> EmailAddress:
    """The one mailbox in a cell; a name before it, `mailto:` and punctuation behind it do not matter.

    Raises:
        CellFaultError: with the kernel's own words for what is wrong.
    """
    if text in _ERRORS:
        raise CellFaultError(RowFaultCode.FORMULA)
    bare = text.strip()
    if bare.startswith("'") and _PROTECTED.match(bare):
        bare = bare[1:]
    if bare[:7].lower() == "mailto:":
        bare = bare.partition("?")[0]
    try:
        address = EmailAddress.parse(bare)
    except InvalidAddressError as error:
        code = _ADDRESS_CODES.get(error.fault, RowFaultCode.BAD_ADDRESS)
        words = error.fault.words if code is RowFaultCode.BAD_ADDRESS else ""
        raise CellFaultError(code, words) from error
    if "xn--" in address.domain and any(imitates_latin(label) for label in address.unicode_domain.split(".")):
        raise CellFaultError(RowFaultCode.NEEDS_REVIEW)
    return address


def name_beside(text: str) -> str:
    """The name in front of an address in angle brackets; empty when there is none."""
    name, bracket, _ = text.partition("<")
    return cleaned(name).strip("\"' ,") if bracket and "@" not in name else ""


@lru_cache(maxsize=4_096)
def page_of(text: str) -> str:
    """The address of a page, https when it says nothing else.

    Raises:
        CellFaultError: it is not the address of a public web page.
    """
    if has_hidden(text) or len(text) > _LONGEST_LINK:
        raise CellFaultError(RowFaultCode.LINK)
    bare = text.strip()
    full = bare if "://" in bare[:10] else f"https://{bare.lstrip('/')}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise CellFaultError(RowFaultCode.LINK) from error
    is_page = (
        parts.scheme in {"http", "https"} and "@" not in parts.netloc and not any(map(str.isspace, bare))
    )
    is_name = _HOST.fullmatch(host) and not host.rpartition(".")[2].isdigit()
    if not is_page or not is_name or port == 0:
        raise CellFaultError(RowFaultCode.LINK)
    return full


def site_of(text: str) -> str:
    """The address of a site, without what may tell visitors apart: no query, no fragment.

    Raises:
        CellFaultError: it is no page, or somebody's own one on a network, which is not kept (P3).
    """
    site = page_of(text).partition("#")[0].partition("?")[0]
    if _PROFILE.search(site.lower()):
        raise CellFaultError(RowFaultCode.PROFILE)
    return site


def day_of(text: str, *, day_first: bool | None) -> date:
    """A day in one of the notations of sheets and exports.

    Args:
        text: the cell.
        day_first: how to read 03/04/2026; None makes it a fault. With full stops the day is always first.

    Raises:
        CellFaultError: it is no day, or day and month cannot be told apart.
    """
    bare = _WEEKDAY.sub("", text.strip())
    if found := _ISO.fullmatch(bare):
        return _day(found[1], found[2], found[3])
    if found := _NUMBERS.fullmatch(bare):
        by_habit = True if found[2] == "." or (found[2] == "-" and day_first is None) else day_first
        return _numbered(int(found[1]), int(found[3]), found[4], day_first=by_habit)
    if found := _DAY_FIRST.fullmatch(bare):
        return _day(found[3], month_of(found[2]), found[1])
    if found := _MONTH_FIRST.fullmatch(bare):
        return _day(found[3], month_of(found[1]), found[2])
    raise CellFaultError(RowFaultCode.DATE)


def _numbered(first: int, second: int, year: str, *, day_first: bool | None) -> date:
    if first > 12 or first == second:
        return _day(year, second, first)
    if second > 12:
        return _day(year, first, second)
    if day_first is None:
        raise CellFaultError(RowFaultCode.DATE_UNCLEAR)
    return _day(year, second, first) if day_first else _day(year, first, second)


def _day(year: str, month: str | int | None, day: str | int) -> date:
    try:
        return date(int(year), int(month or 0), int(day))
    except ValueError as error:
        raise CellFaultError(RowFaultCode.DATE) from error
