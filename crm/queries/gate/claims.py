"""The basis that a row of an import claims, as evidence and as the gate looks at it (D3)."""

from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Final, NamedTuple

from crm.permission.terms import Basis
from crm.permission.wording import declines_offers
from crm.prospects.candidates import Candidate
from crm.prospects.choices import Choices
from crm.prospects.models import SourceKind

NEEDS_ASSESSMENT: Final = "Legitimate interest is not kept: it needs the number of a written assessment."
_ANONYMOUS: Final = frozenset({SourceKind.WEBSITE, SourceKind.REGISTER})
"""Places where nobody told us anything."""


class Worth(NamedTuple):
    """What the gate looks at in a claim; the same for thousands of rows."""

    basis: Basis
    at: datetime
    has_url: bool
    has_wording: bool
    has_channel: bool
    confirmed: bool
    declines_offers: bool
    assessment_id: int | None


class Claim(NamedTuple):
    """One proof, not yet written down."""

    basis: Basis
    day: date
    url: str
    wording: str
    channel: str
    confirmed_by: str
    assessment_id: int | None

    @property
    def at(self) -> datetime:
        """The start of the day, in UTC: files know no hours."""
        return _start_of(self.day)

    @property
    def name(self) -> tuple[Basis, str, str]:
        """What tells two proofs for one person apart."""
        return self.basis, self.url, self.wording

    @property
    def worth(self) -> Worth:
        """The same without what differs from row to row."""
        return Worth(
            basis=self.basis,
            at=self.at,
            has_url=bool(self.url),
            has_wording=bool(self.wording),
            has_channel=bool(self.channel),
            confirmed=bool(self.confirmed_by),
            declines_offers=bool(self.wording) and _declines(self.wording),
            assessment_id=self.assessment_id,
        )


@lru_cache(maxsize=4_096)
def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


_declines: Final = lru_cache(maxsize=4_096)(declines_offers)


def claim_of(candidate: Candidate, choices: Choices) -> tuple[Claim | None, str]:
    """The proof a row brings, and why it brings none although it names a basis."""
    row = candidate.row
    if row.basis is None or row.obtained_on is None:
        return None, ""
    basis = Basis(row.basis)
    if basis is Basis.LEGITIMATE_INTEREST and choices.assessment_id is None:
        return None, NEEDS_ASSESSMENT
    published = basis is Basis.PUBLISHED_ADDRESS
    claim = Claim(
        basis=basis,
        day=row.obtained_on,
        url=row.basis_url or (candidate.source_url if published else ""),
        wording=row.basis_wording,
        channel=_channel(candidate, choices) if basis is Basis.CONSENT else "",
        confirmed_by=row.confirmed_by,
        assessment_id=choices.assessment_id if basis is Basis.LEGITIMATE_INTEREST else None,
    )
    return claim, ""


def _channel(candidate: Candidate, choices: Choices) -> str:
    """How consent was given: as the file says, else where we met; a web page does not consent."""
    kind = candidate.row.source_kind
    met = "" if kind is None or kind in _ANONYMOUS else str(kind.value)
    return (choices.channel or met)[:64]
