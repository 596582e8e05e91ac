"""Whose time is over: nothing is kept of them any longer (P24)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.privacy import retention
from crm.privacy.models import RightsRequest
from crm.prospects.models import Prospect

_UNEVEN: Final = timedelta(days=4)
"""Months are not of one length: the database finds a few too many, and each is reckoned by its own day."""

_KEPT = (
    # Storage is what a restriction asks for, and may be what somebody needs (article 18).
    Prospect.restricted_at.is_not(None),
    select(RightsRequest.id)
    .where(RightsRequest.prospect_id == Prospect.id, RightsRequest.closed_at.is_(None))
    .exists(),
)


def over(
    session: Session, *, months: int, at: datetime, limit: int, after: tuple[datetime, int] | None = None
) -> list[tuple[datetime, int]]:
    """Who may be due, the longest known first: (known since, id), at most `limit` and behind `after`.

    Left out are people with a restriction or an open request; `is_over` decides about each.
    """
    unanswered = retention.months_after(at, -months) + _UNEVEN
    answered = retention.months_after(at, -2 * months) + _UNEVEN
    query = (
        select(Prospect.created_at, Prospect.id)
        .where(
            Prospect.created_at <= unanswered,
            or_(Prospect.last_reply_at.is_(None), Prospect.last_reply_at <= answered),
            ~or_(*_KEPT),
        )
        .order_by(Prospect.created_at, Prospect.id)
        .limit(limit)
    )
    if after is not None:
        known, last = after
        query = query.where(
            or_(Prospect.created_at > known, (Prospect.created_at == known) & (Prospect.id > last))
        )
    return [(known, id_) for known, id_ in session.execute(query)]


def digest_of(session: Session, prospect_id: int) -> AddressDigest | None:
    """Their mailbox; None when they are no longer on record."""
    return session.scalar(select(Prospect.address_digest).where(Prospect.id == prospect_id))


def is_over(session: Session, prospect_ids: Collection[int], *, months: int, at: datetime) -> bool:
    """Tell whether the time of all of these is over: who is forgotten is so under all their spellings.

    Their rows are locked, so that an answer that comes at this moment is either seen or comes too late.
    """
    if session.scalar(select(func.count()).where(Prospect.id.in_(prospect_ids), or_(*_KEPT))):
        return False
    rows = session.execute(
        select(Prospect.created_at, Prospect.last_reply_at)
        .where(Prospect.id.in_(prospect_ids))
        .order_by(Prospect.id)
        .with_for_update(key_share=True)
    ).all()
    return all(
        retention.erase_at(collected_at=known, answered_at=answered, months=months) <= at
        for known, answered in rows
    )
