"""Who begins a sequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.sequences.models import Enrolment, EnrolmentState

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """Somebody who begins a sequence."""

    prospect_id: int
    due_at: datetime
    """When the first step is due."""


def begin(
    session: Session,
    begun: Sequence[NewEnrolment],
    *,
    sequence_id: int,
    version_id: int,
    by: int | None,
    at: datetime,
) -> dict[int, int]:
    """Enrol people; the new enrolments by prospect. Whoever is in one already is left out."""
    if not begun:
        return {}
    rows = [
        {
            "prospect_id": one.prospect_id,
            "sequence_id": sequence_id,
            "version_id": version_id,
            "state": EnrolmentState.RUNNING,
            "stop_detail": "",
            "position": 1,
            "next_due_at": one.due_at,
            "enrolled_by": by,
            "enrolled_at": at,
            "changed_at": at,
        }
        for one in begun
    ]
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(_enrolments).on_conflict_do_nothing().returning(_e.prospect_id, _e.id)
    return dict(session.connection().execute(statement, rows).all())
