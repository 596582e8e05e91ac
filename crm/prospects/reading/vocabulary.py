"""Words in cells and what they mean: countries, languages, legal forms, sources, bases."""

import enum
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

from crm.kernel.business import LegalForm
from crm.prospects.models import SourceKind
from crm.prospects.reading.columns import folded
from crm.prospects.reading.faults import CellFaultError, RowFaultCode

_WORDS: Final = Path(__file__).with_name("vocabulary.toml")
_LANGUAGES: Final = ("nl", "en", "de", "fr")
_CACHED: Final = 4_096  # different cells of a column that has few
_MOST_SUFFIX_WORDS: Final = 4
_PURCHASED: Final = "purchased"


class DeclaredBasis(enum.StrEnum):
    """The ground a file claims for a row; what it is worth is judged elsewhere (D3)."""

    PUBLISHED_ADDRESS = "published_address"
    CUSTOMER = "customer"
    CONSENT = "consent"
    LEGITIMATE_INTEREST = "legitimate_interest"


@lru_cache(maxsize=_CACHED)
def country_of(text: str) -> str:
    """ISO 3166-1 alpha-2, from a code of two or three letters or a name in nl, en, de or fr."""
    return _found(_countries(), text, RowFaultCode.COUNTRY)


@lru_cache(maxsize=_CACHED)
def language_of(text: str) -> str:
    """ISO 639-1, from a code with or without country (`nl-BE`) or a name in nl, en, de or fr."""
    code = text.strip().replace("_", "-").partition("-")[0].lower()
    return code if code in _languages().values() else _found(_languages(), text, RowFaultCode.LANGUAGE)


@lru_cache(maxsize=_CACHED)
def time_zone_of(text: str) -> str:
    """The IANA name in its own spelling."""
    name = _zones().get(text.strip().replace(" ", "_").lower())
    if name is None:
        raise CellFaultError(RowFaultCode.TIME_ZONE)
    return name


@lru_cache(maxsize=_CACHED)
def legal_form_of(text: str) -> LegalForm:
    """What kind of subscriber a business is, from the name or abbreviation of its legal form."""
    return LegalForm(_found(_words("legal_form"), text, RowFaultCode.LEGAL_FORM))


@lru_cache(maxsize=_CACHED)
def legal_form_in(company: str) -> LegalForm:
    """The legal form that stands at the end of a company's name, as `Jansen B.V.` has to write it."""
    suffixes, words = _words("suffix"), company.replace(",", " ").split()
    for count in range(min(_MOST_SUFFIX_WORDS, len(words) - 1), 0, -1):
        form = suffixes.get(folded(" ".join(words[-count:])))
        if form:
            return LegalForm(form)
    return LegalForm.UNKNOWN


@lru_cache(maxsize=_CACHED)
def source_kind_of(text: str) -> SourceKind | None:
    """The kind of source; None when the words say something else.

    Raises:
        CellFaultError: the address was bought.
    """
    kind = _words("source_kind").get(folded(text))
    if kind == _PURCHASED:
        raise CellFaultError(RowFaultCode.PURCHASED)
    return SourceKind(kind) if kind else None


@lru_cache(maxsize=_CACHED)
def basis_of(text: str) -> DeclaredBasis:
    """The ground a file claims."""
    return DeclaredBasis(_found(_words("basis"), text, RowFaultCode.BASIS))


@lru_cache(maxsize=_CACHED)
def opted_out_of(text: str) -> bool:
    """Whether the cell says that the person told somebody to stop; what it might mean is a fault."""
    return _found(_words("opted_out"), text, RowFaultCode.OPT_OUT_UNCLEAR) == "yes"


@cache
def blanks() -> frozenset[str]:
    """Lower-case cells that stand for nothing."""
    return frozenset(_file()["blank"]["words"])


def _found(words: Mapping[str, str], text: str, fault: RowFaultCode) -> str:
    word = words.get(folded(text))
    if word is None:
        raise CellFaultError(fault)
    return word


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(_WORDS.read_text("utf-8"))


@cache
def _words(section: str) -> dict[str, str]:
    return {folded(word): meaning for meaning, words in _file()[section].items() for word in words}


@cache
def _countries() -> dict[str, str]:
    names = _standard_names("territories", 2)
    three = {code: found[0] for code, found in get_global("territory_aliases").items() if len(code) == 3}
    codes = {code for code in names.values() if code.isalpha()}
    known = {folded(code): code for code in codes}
    known |= {folded(code): two for code, two in three.items() if code.isalpha() and two in codes}
    return known | names | _words("country")


@cache
def _languages() -> dict[str, str]:
    return _standard_names("languages", 2)


def _standard_names(kind: str, length: int) -> dict[str, str]:
    """Names of the standard list in all four languages, of the codes of this many letters."""
    tables: Iterable[Mapping[str, str]] = (getattr(Locale(language), kind) for language in _LANGUAGES)
    return {
        folded(name): code
        for table in tables
        for code, name in table.items()
        if len(code) == length and code.isalpha() and code not in {"ZZ", "XA", "XB", "EU", "EZ", "UN", "QO"}
    }


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
