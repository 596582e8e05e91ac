"""Who let the first mail of an enrolment go, and when."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.sequences import order
from crm.sequences.models import Enrolment

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


def note(session: Session, enrolment_ids: Collection[int], *, by: int | None, at: datetime) -> None:
    """Note that a colleague approved the first mail of these, and who."""
    order.lock(session, enrolment_ids)
    session.execute(
        update(_enrolments)
        .where(_e.id.in_(enrolment_ids), _e.approved_at.is_(None))
        .values(approved_at=at, approved_by=by)
    )
