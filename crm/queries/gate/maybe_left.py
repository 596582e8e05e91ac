"""Unasked mail that may be leaving, or may have left, by company: doubt counts as a mail."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.delivery.outbox import UNASKED
from crm.kernel.prepared import Prepared, among, beside, one_of
from crm.prospects.models import Prospect

_STATES: Final = (MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)

_m = Message.metadata.tables["messages"].c
_p = Prospect.metadata.tables["prospects"].c


class MaybeLeft(NamedTuple):
    """One such message."""

    id: int
    prospect_id: int
    state: MessageState
    changed_at: datetime

    def counts_for(self, judged: int | None) -> bool:
        """Tell whether it stands in the way of another message to the same person, or company.

        Of two that are both only claimed the older one goes first; anything further on always counts.
        """
        if self.id == judged:
            return False
        return self.state is not MessageState.CLAIMED or judged is None or self.id < judged


_AT_COMPANIES = Prepared(
    select(_p.company_id, _m.id, _m.prospect_id, _m.state, _m.changed_at)
    .select_from(Prospect.metadata.tables["prospects"])
    .join(Message.metadata.tables["messages"], _m.prospect_id == _p.id)
    .where(one_of(_p.company_id, "ids"), among(beside(_m.state), _STATES), among(beside(_m.kind), UNASKED))
)


def at_companies(session: Session, company_ids: Collection[int]) -> dict[int, list[MaybeLeft]]:
    """Such mail to anybody there; companies without any are left out."""
    found: dict[int, list[MaybeLeft]] = {}
    for company_id, *one in _AT_COMPANIES.rows(session, ids=list(company_ids)):
        found.setdefault(company_id, []).append(MaybeLeft(*one))
    return found
