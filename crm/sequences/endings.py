"""Why a series ended, when it is told more than once: the stronger reason stays."""

from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.sequences.models import Enrolment, EnrolmentState, StopReason

_WEAKER: Final = (StopReason.REJECTED, StopReason.BOUNCED, StopReason.REFUSED)
"""A person's own word comes last, and stays."""

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


def outrank(session: Session, enrolment_id: int | None, reason: StopReason) -> None:
    """Put a stronger reason in the place of a weaker one. What ended otherwise is not touched."""
    if enrolment_id is None or reason not in _WEAKER:
        return
    weaker = _WEAKER[: _WEAKER.index(reason)]
    session.execute(
        update(_enrolments)
        .where(_e.id == enrolment_id, _e.state == EnrolmentState.STOPPED, _e.stop_reason.in_(weaker))
        .values(stop_reason=reason, stop_detail="")
    )
