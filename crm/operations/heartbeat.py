"""Signs of life, in real time."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.operations.models import Heartbeat

SCHEDULER = "scheduler"
DEAD_AFTER = timedelta(seconds=60)
"""A scheduler that did not tick for this long is not running (`/healthz` is red)."""


def beat(session: Session, name: str, *, at: datetime, detail: dict[str, Any] | None = None) -> None:
    """Show life."""
    session.merge(Heartbeat(name=name, beat_at=at, detail=detail or {}))
    session.flush()


def last_beat(session: Session, name: str) -> datetime | None:
    """When a part last showed life, or None when it never did."""
    return session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == name))


def is_alive(session: Session, name: str, *, at: datetime) -> bool:
    """Tell whether a part showed life within the last 60 seconds."""
    beat_at = last_beat(session, name)
    return beat_at is not None and at - beat_at <= DEAD_AFTER
