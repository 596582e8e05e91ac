"""Signs of life, in real time."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.operations.models import Heartbeat

SCHEDULER = "scheduler"
INBOX = "inbox"
"""Beats while inbound mail can be read."""

SILENT_AFTER = timedelta(minutes=15)
"""An inbox that could not be read for this long is shown on Today: every "stop" waits in it."""

DEAD_AFTER = timedelta(seconds=60)
"""A scheduler that did not tick for this long is not running (`/healthz` is red)."""


def beat(session: Session, name: str, *, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """Show life."""
    session.merge(Heartbeat(name=name, beat_at=at, detail=detail or {}))
    session.flush()


def last_beat(session: Session, name: str) -> datetime | None:
    """When a part last showed life, or None when it never did."""
    return session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == name))


def show_inbox(session: Session, *, readable: bool, at: datetime) -> None:
    """Note that mail could be read, or that it is wanted and could not be from the first try on."""
    if readable or last_beat(session, INBOX) is None:
        beat(session, INBOX, at=at)


def silent_since(session: Session, *, at: datetime) -> datetime | None:
    """Since when no mail could be read; None when it can be, or when nobody tries."""
    beat_at = last_beat(session, INBOX)
    tried = is_alive(session, SCHEDULER, at=at)
    return beat_at if tried and beat_at is not None and at - beat_at > SILENT_AFTER else None


def is_alive(session: Session, name: str, *, at: datetime) -> bool:
    """Tell whether a part showed life within the last 60 seconds."""
    beat_at = last_beat(session, name)
    return beat_at is not None and at - beat_at <= DEAD_AFTER
