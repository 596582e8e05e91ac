"""What a row says once it is understood, and what holds where it says nothing."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.prospects.models import SourceKind
from crm.prospects.reading.vocabulary import DeclaredBasis


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every row whose own cell is empty."""

    company: str = ""
    country: str = ""
    language: str = ""
    time_zone: str = ""
    relevance: str = ""
    source_kind: SourceKind | None = None
    source_url: str = ""
    source_words: str = ""
    obtained_on: date | None = None
    basis: DeclaredBasis | None = None
    basis_url: str = ""
    basis_wording: str = ""
    confirmed_by: str = ""
    day_first: bool | None = None
    """How to read 03/04/2026; None makes such a cell a fault."""

    today: date | None = None
    """Days of sources after this one are faults; None lets them pass."""


class ParsedRow(NamedTuple):
    """One row as it may be kept. Texts are on one line and fit their columns; empty means unknown."""

    address: EmailAddress
    company: str
    website: str
    country: str
    """ISO 3166-1 alpha-2, upper case."""

    language: str
    """ISO 639-1, lower case."""

    time_zone: str
    legal_form: LegalForm
    """From its own column, else from the end of the company's name."""

    relevance: str
    name: str
    role: str
    source_kind: SourceKind | None
    source_url: str
    source_words: str
    obtained_on: date | None
    basis: DeclaredBasis | None
    basis_url: str
    basis_wording: str
    confirmed_by: str
    opted_out: bool
    """Another program says that they do not want mail. Only ever a reason against writing."""
