"""One look at the database for a whole batch of rows, and what the rows before added to it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.permission.terms import DomainState
from crm.prospects.candidates import Candidate
from crm.prospects.companies import CompanyKey, Firm
from crm.queries.imports import known
from crm.queries.imports.known import Existing


@dataclass(slots=True)
class Look:
    """What the database says of a batch."""

    refused: set[AddressDigest]
    prospects: dict[AddressDigest, Existing]
    firms: dict[CompanyKey, Firm]
    firms_by_id: dict[int, Firm]
    domains: dict[str, DomainState]

    @classmethod
    def at(cls, session: Session, rows: Sequence[Candidate]) -> Self:
        """Ask everything at once; it is only true in this transaction."""
        digests = {digest for row in rows for digest, _ in row.names.keys}
        digests.update(digest for row in rows for digest in row.domain_digests)
        prospects = known.prospects_among(session, _unique(row.names.identities for row in rows))
        firms = known.firms_among(session, {row.company for row in rows})
        by_id = {firm.id: firm for firm in firms.values() if firm.id is not None}
        missing = {one.company_id for one in prospects.values()} - set(by_id)
        return cls(
            refused=known.refused_among(session, digests),
            prospects=prospects,
            firms=firms,
            firms_by_id=by_id | (known.firms_of(session, missing) if missing else {}),
            domains=known.domain_states_among(session, {row.row.address.domain for row in rows}),
        )

    def has_refused(self, row: Candidate) -> bool:
        """The person in any spelling, or their whole company."""
        if not self.refused:
            return False
        return any(digest in self.refused for digest, _ in row.names.keys) or not self.refused.isdisjoint(
            row.domain_digests
        )

    def existing(self, row: Candidate) -> Existing | None:
        """The prospect with this mailbox, digested under whichever key."""
        return next((self.prospects[one] for one in row.names.identities if one in self.prospects), None)

    def firm_for(self, row: Candidate) -> Firm:
        """The company of a new prospect, found or to be made."""
        firm = self.firms.get(row.company)
        if firm is None and not row.company.domain:
            firm = self.firms.get(CompanyKey(None, row.company.name))  # its country was not known
        if firm is None:
            firm = Firm(row.row.company, row.company.domain)
        self.firms[row.company] = firm
        return firm

    def firm_of(self, existing: Existing) -> Firm:
        """The company a prospect is at."""
        return self.firms_by_id[existing.company_id]

    def touched(self) -> list[Firm]:
        """Companies that are new or learned something."""
        found = {id(firm): firm for firm in (*self.firms.values(), *self.firms_by_id.values())}
        return [firm for firm in found.values() if firm.id is None or firm.is_changed]


def _unique(groups: Iterable[Sequence[AddressDigest]]) -> set[AddressDigest]:
    return {digest for group in groups for digest in group}
