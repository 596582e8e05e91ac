"""A row of an import with everything that can be worked out from it alone. No database, no clock."""

from typing import Final, NamedTuple

from crm.kernel.business import AddressKind, address_kind
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.domains import registrable_domain
from crm.prospects.companies import CompanyKey, company_key
from crm.prospects.models import SourceKind
from crm.prospects.reading.faults import RowFault, RowFaultCode
from crm.prospects.reading.mapping import Mapping
from crm.prospects.reading.parsed import Defaults, ParsedRow
from crm.prospects.reading.rows import RowReader
from crm.prospects.reading.table import Row
from crm.prospects.spelling import Names, names_of

_NO_SOURCE: Final = "Nothing says from where and since when we have this address."
_MOST_DOMAINS: Final = 100_000
_NO_PLACE: Final = "Nothing says which page or place this address comes from."


class Candidate(NamedTuple):
    """A row that was understood."""

    number: int
    line: int
    row: ParsedRow
    names: Names
    kind: AddressKind
    company: CompanyKey
    domain: str | None
    """Registrable domain of the address; None where nobody or everybody owns it."""

    domain_digests: tuple[AddressDigest, ...]
    """Names under which a whole company may have refused: the address's domain and the company's."""

    source_url: str


class Broken(NamedTuple):
    """A row that was not."""

    number: int
    line: int
    fault: RowFault
    values: list[str]


class CandidateReader:
    """Reads the rows of one file."""

    def __init__(self, ring: AddressKeys, mapping: Mapping, defaults: Defaults) -> None:
        """Prepare for one file."""
        self._ring = ring
        self._reader = RowReader(mapping, defaults)
        self._domains: dict[str, tuple[AddressDigest, ...]] = {}

    def read(self, row: Row) -> Candidate | Broken:
        """Understand one row."""
        found = self._reader.read(row.values)
        if isinstance(found, RowFault):
            return Broken(row.number, row.line, found, row.values)
        return self.work_out(found, row)

    def work_out(self, found: ParsedRow, row: Row) -> Candidate | Broken:
        """Add what follows from a row that was understood."""
        url = found.source_url or (found.website if found.source_kind is SourceKind.WEBSITE else "")
        words = _source_fault(found, url)
        if words:
            return Broken(row.number, row.line, RowFault(RowFaultCode.SOURCE, words, ""), row.values)
        address, company = found.address, company_key(found)
        domain = registrable_domain(address.domain)
        return Candidate(
            number=row.number,
            line=row.line,
            row=found,
            names=names_of(self._ring, address),
            kind=address_kind(address.local),
            company=company,
            domain=domain,
            domain_digests=self._digests(domain, company.domain),
            source_url=url,
        )

    def _digests(self, domain: str | None, companys: str | None) -> tuple[AddressDigest, ...]:
        first = self._digests_of(domain) if domain else ()
        return first + self._digests_of(companys) if companys and companys != domain else first

    def _digests_of(self, domain: str) -> tuple[AddressDigest, ...]:
        found = self._domains.get(domain)
        if found is None:
            if len(self._domains) > _MOST_DOMAINS:
                self._domains.clear()
            found = self._domains[domain] = self._ring.domain_digests(domain)
        return found


def _source_fault(row: ParsedRow, url: str) -> str:
    """Article 14(2)(f) and P4: without a source there is no row. Nothing of a no is kept but the no."""
    if row.opted_out:
        return ""
    if row.source_kind is None or row.obtained_on is None:
        return _NO_SOURCE
    return "" if url or row.source_words else _NO_PLACE
