"""A colleague stops a sequence for one person."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.kernel.errors import NotFoundError
from crm.sequences import enrolments
from crm.sequences.models import Enrolment, StopReason


def stop_series_of(session: Session, prospect_id: int, enrolment_id: int, *, at: datetime) -> None:
    """Stop it and take back what is planned; a mail that a worker already holds may still leave.

    Raises:
        NotFoundError: this person has no such enrolment.
    """
    theirs = select(Enrolment.id).where(Enrolment.id == enrolment_id, Enrolment.prospect_id == prospect_id)
    if session.scalar(theirs) is None:
        raise NotFoundError
    enrolments.stop(session, [enrolment_id], StopReason.BY_STAFF, at=at)
    outbox.cancel_due(session, enrolment_ids=[enrolment_id], reason="stopped_by_staff", at=at)
