"""What is on or off for everybody."""

from datetime import datetime
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.operations.models import Switch

_LOCK: Final = 0x73776974  # any number, the same everywhere: the advisory lock of pausing on PostgreSQL

PAUSED = "paused"
"""Nothing is sent at all."""

ARMED = "armed"
"""This installation may send; a restored or copied one may not until a person says so (I10)."""

LEGITIMATE_INTEREST = "legitimate_interest"
"""The owner stands behind writing on this ground (G1); off until they say so."""


def is_on(session: Session, name: str, *, default: bool = False) -> bool:
    """Tell how a switch stands."""
    found = session.scalar(select(Switch.is_on).where(Switch.name == name))
    return default if found is None else found


def hold(session: Session) -> None:
    """Let whoever else is about to turn one wait until we commit: a switch may have no row to lock yet."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def turn(session: Session, name: str, *, on: bool, by: int | None, at: datetime, reason: str = "") -> None:
    """Set a switch. The workflow around this writes the audit entry."""
    session.merge(Switch(name=name, is_on=on, reason=reason, changed_by=by, changed_at=at))
    session.flush()
