"""The board of leads: how many are where, and the newest of each place, whatever there is behind them."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from crm.handoff.models import Lead, LeadState
from crm.prospects.models import Company, Prospect

COUNTED: Final = 1_000
"""Leads of a state that are counted; nobody reads a larger number to its last digit."""


class LeadRow(NamedTuple):
    """A lead, and who it is."""

    lead: Lead
    name: str
    address: str
    company: str

    @property
    def place(self) -> tuple[datetime, int]:
        """Where it stands among the others; `newest` goes on behind it."""
        return self.lead.changed_at, self.lead.id


def how_many(session: Session, states: Collection[LeadState]) -> int:
    """How many are in these states; `COUNTED` + 1 for more than that."""
    some = select(Lead.id).where(Lead.state.in_(states)).limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def newest(
    session: Session,
    states: Collection[LeadState],
    *,
    limit: int,
    before: tuple[datetime, int] | None = None,
) -> list[LeadRow]:
    """Leads in these states, the last changed first, behind `before`."""
    found: list[LeadRow] = []
    for state in states:  # one by one: an index has each of them in order
        query = (
            select(Lead, Prospect.name, Prospect.address, Company.name)
            .join(Prospect, Prospect.id == Lead.prospect_id)
            .join(Company, Company.id == Prospect.company_id)
            .where(Lead.state == state)
            .order_by(Lead.changed_at.desc(), Lead.id.desc())
            .limit(limit)
        )
        if before is not None:
            at, last = before
            query = query.where(or_(Lead.changed_at < at, (Lead.changed_at == at) & (Lead.id < last)))
        found += [LeadRow(*row) for row in session.execute(query)]
    return sorted(found, key=lambda row: row.place, reverse=True)[:limit]
