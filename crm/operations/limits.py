"""Rate limits: fixed windows in the database, so that they hold over restarts and machines (SD9)."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from crm.operations.models import RateLimit

_COUNT = text(
    'INSERT INTO rate_limits (key, "window", count) VALUES (:key, :window, 1)'
    ' ON CONFLICT (key, "window") DO UPDATE SET count = rate_limits.count + 1 RETURNING count'
)


def allow(session: Session, key: str, *, limit: int, window: timedelta, at: datetime) -> bool:
    """Count one more of `key` in the window that `at` falls in; False once there are more than `limit`.

    Keys name nobody: an account's id, or a keyed digest of an address (P41).
    """
    length = int(window.total_seconds())
    start = datetime.fromtimestamp(int(at.timestamp()) // length * length, UTC).replace(tzinfo=None)
    used: int = session.execute(_COUNT, {"key": key, "window": start}).scalar_one()
    return used <= limit


def forget(session: Session, *, before: datetime) -> int:
    """Drop windows that are over."""
    result = session.execute(delete(RateLimit).where(RateLimit.window < before))
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE has one
