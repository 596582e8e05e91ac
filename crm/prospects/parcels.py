"""Rows of an import as plain values and back: for the way from the process that reads to ours."""

import enum
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind, LegalForm
from crm.prospects.candidates import Broken, Candidate
from crm.prospects.companies import CompanyKey
from crm.prospects.models import SourceKind
from crm.prospects.reading.faults import RowFault, RowFaultCode
from crm.prospects.reading.parsed import ParsedRow
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.prospects.spelling import names_from

_NAMES: Final = ParsedRow._fields  # the address stands first
_LEGAL_FORM, _SOURCE, _OBTAINED, _BASIS = (
    _NAMES.index(name) - 1 for name in ("legal_form", "source_kind", "obtained_on", "basis")
)
_day = lru_cache(maxsize=4_096)(date.fromisoformat)


def packed(found: Candidate | Broken) -> list[Any]:
    """Plain values; a row that was understood has ten of them, another one four."""
    if isinstance(found, Broken):
        faults = [(one.code.value, one.words, one.column) for one in (found.fault, *found.fault.more)]
        return [found.number, found.line, faults, found.values]
    row = found.row
    return [
        found.number,
        found.line,
        (row.address.local, row.address.domain),
        [_plain(value) for value in row[1:]],
        [digest for digest, _ in found.names.keys],
        found.kind.value,
        tuple(found.company),
        found.domain,
        found.domain_digests,
        found.source_url,
    ]


def _plain(value: object) -> object:
    if isinstance(value, enum.Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def unpacked(parcel: Sequence[Sequence[Any]], versions: tuple[int, ...]) -> Iterator[Candidate | Broken]:
    """What `packed` was given. `versions` are those of the address keys, newest first."""
    for one in parcel:
        yield _candidate(one, versions) if len(one) > 4 else _broken(one)


def _candidate(one: Sequence[Any], versions: tuple[int, ...]) -> Candidate:
    number, line, address, values, digests, kind, company, domain, domain_digests, source_url = one
    values[_LEGAL_FORM] = _member(LegalForm, values[_LEGAL_FORM])
    values[_SOURCE] = _member(SourceKind, values[_SOURCE])
    values[_BASIS] = _member(DeclaredBasis, values[_BASIS])
    values[_OBTAINED] = _day(values[_OBTAINED]) if values[_OBTAINED] else None
    return Candidate(
        number,
        line,
        ParsedRow(EmailAddress(*address), *values),
        names_from(tuple(digests), versions),
        _member(AddressKind, kind),
        CompanyKey(*company),
        domain,
        tuple(domain_digests),
        source_url,
    )


@lru_cache(maxsize=64)
def _member(kind: type[enum.StrEnum], value: str | None) -> Any:  # noqa: ANN401 - a member of `kind`, or None
    return None if value is None else kind(value)


def _broken(one: Sequence[Any]) -> Broken:
    number, line, faults, values = one
    first, *more = (RowFault(RowFaultCode(code), words, column) for code, words, column in faults)
    return Broken(number, line, RowFault(first.code, first.words, first.column, tuple(more)), list(values))
