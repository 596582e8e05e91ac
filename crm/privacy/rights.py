"""Requests about one's data, and until when they must be answered (P36)."""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from crm.privacy.models import RightsRequest
from crm.privacy.retention import months_after

DAYS: Final = 30
"""What the published policy promises. Article 12(3) says a month: the shorter one counts."""

_OURS: Final = ZoneInfo("Europe/Amsterdam")


def due_at(received_at: datetime) -> datetime:
    """The end of the period: 30 days or a month after it came, whichever is first, on our calendar."""
    local = received_at.astimezone(_OURS)
    return min(local + timedelta(days=DAYS), months_after(local, 1)).astimezone(received_at.tzinfo)


def open_request(
    session: Session, prospect_id: int | None, *, kind: str, channel: str, at: datetime
) -> RightsRequest | None:
    """Start the clock of a request; None when the same one of this person is open already.

    Args:
        session: the caller's transaction.
        prospect_id: whose request; None for somebody we hold nothing about.
        kind: `access`, `erasure`, `rectification`, `restriction`, `portability`.
        channel: `page`, `form`, `reply`, `staff`.
        at: when it came, on the calendar clock.
    """
    same = select(RightsRequest.id).where(
        RightsRequest.prospect_id == prospect_id,
        RightsRequest.kind == kind,
        RightsRequest.closed_at.is_(None),
    )
    if prospect_id is not None and session.scalar(same.limit(1)) is not None:
        return None
    request = RightsRequest(
        prospect_id=prospect_id, kind=kind, channel=channel, received_at=at, due_at=due_at(at)
    )
    session.add(request)
    session.flush()
    return request


def close(session: Session, request_id: int, *, at: datetime) -> bool:
    """Say that a request was answered; False when it was before, or went with the person."""
    return _change(session, request_id, RightsRequest.closed_at.is_(None), at)


def reopen(session: Session, request_id: int) -> bool:
    """It was not answered after all; its day stays the same."""
    return _change(session, request_id, RightsRequest.closed_at.is_not(None), None)


def _change(session: Session, request_id: int, seen: ColumnElement[bool], closed_at: datetime | None) -> bool:
    changed = update(RightsRequest).where(RightsRequest.id == request_id, seen).values(closed_at=closed_at)
    return session.scalar(changed.returning(RightsRequest.id)) is not None
