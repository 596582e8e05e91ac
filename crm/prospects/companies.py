"""Which company a prospect is at, and what an import may add to what we know of it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from crm.kernel.business import LegalForm
from crm.kernel.domains import is_freemail, registrable_domain
from crm.kernel.zones import zone_for
from crm.prospects.reading.parsed import ParsedRow

_HOSTS: Final = Path(__file__).with_name("shared_hosts.txt")


@cache
def _shared() -> frozenset[str]:
    """Marketplaces and social networks: a page there says nothing about whose domain it is."""
    lines = _HOSTS.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


class CompanyKey(NamedTuple):
    """What makes two rows one company: the registrable domain, else name and country."""

    domain: str | None
    name: str = ""
    country: str = ""


@dataclass(slots=True)
class Firm:
    """A company as the rows of a batch know it: found, or to be made."""

    name: str
    domain: str | None
    id: int | None = None
    version: int = 1
    website: str = ""
    country: str = ""
    language: str = ""
    time_zone: str = ""
    legal_form: LegalForm = LegalForm.UNKNOWN
    relevance: str = ""
    relevance_by: str = ""
    released_at: datetime | None = None
    is_changed: bool = False
    gains_country: bool = False
    """The country was unknown and is not any more: its prospects' copies follow."""

    @property
    def key(self) -> CompanyKey:
        """What a row has to say to be about this company."""
        return CompanyKey(self.domain) if self.domain else CompanyKey(None, self.name, self.country)

    def is_meant_by(self, key: CompanyKey) -> bool:
        """Tell whether a row is about this company; one whose country we do not know may be in any."""
        return key == self.key or (
            not self.domain and not key.domain and not self.country and key.name == self.name
        )

    def learn(self, row: ParsedRow, relevance_by: str) -> bool:
        """Fill gaps from a row. What is known stays: an import never changes which rules apply.

        Returns:
            True when the row said something new.
        """
        new: dict[str, object] = {}
        if row.website and not self.website:
            new["website"] = row.website
        if row.language and not self.language:
            new["language"] = row.language
        if row.legal_form is not LegalForm.UNKNOWN and self.legal_form is LegalForm.UNKNOWN:
            new["legal_form"] = row.legal_form
        if row.relevance and not self.relevance:
            new |= {"relevance": row.relevance, "relevance_by": relevance_by}
        if row.country and not self.country:
            new["country"] = row.country
            self.gains_country = True
        if not self.time_zone and (zone := row.time_zone or zone_of_country(self.country or row.country)):
            new["time_zone"] = zone
        for name, value in new.items():
            setattr(self, name, value)
        self.is_changed = self.is_changed or bool(new)
        return bool(new)


def zone_of_country(country: str) -> str:
    """The zone with most of a country's businesses; empty where we do not know one."""
    if not country:
        return ""
    found = zone_for(country)
    # Who falls back on our own zone has a country of their own that we know no zone of.
    return found.zone.key if found.zone != zone_for(None).zone or country == "NL" else ""


def company_key(row: ParsedRow) -> CompanyKey:
    """The company a row belongs to. Neither a freemail address nor a page on a marketplace names one."""
    domain = _own_domain(row.website) or _of_host(row.address.domain)
    return CompanyKey(domain) if domain else CompanyKey(None, row.company, row.country)


@lru_cache(maxsize=65_536)
def _own_domain(website: str) -> str | None:
    return _of_host(urlsplit(website).hostname or "") if website else None


def _of_host(host: str) -> str | None:
    domain = None if not host or is_freemail(host) else registrable_domain(host)
    return None if domain in _shared() else domain
