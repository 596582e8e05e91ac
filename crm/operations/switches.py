"""What is on or off for everybody."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.operations.models import Switch

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


def turn(session: Session, name: str, *, on: bool, by: int | None, at: datetime, reason: str = "") -> None:
    """Set a switch. The workflow around this writes the audit entry."""
    session.merge(Switch(name=name, is_on=on, reason=reason, changed_by=by, changed_at=at))
    session.flush()
