"""Numbers that staff changed: what holds now, what held before, and who changed it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.operations.models import ChangedRule


def changed(session: Session) -> dict[str, ChangedRule]:
    """Every number that somebody changed, by name."""
    return {row.name: row for row in session.scalars(select(ChangedRule))}


def change(session: Session, name: str, value: int, *, was: int, by: int | None, at: datetime) -> None:
    """Set a number. The workflow around this writes the audit entry."""
    session.merge(ChangedRule(name=name, value=value, was=was, changed_by=by, changed_at=at))
    session.flush()
