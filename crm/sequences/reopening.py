"""Ending what runs for somebody so that it can be taken back for a day: what was left of a delay is kept."""

from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from crm.sequences import order
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState, StopReason

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


def stop_for_now(session: Session, prospect_id: int, reason: StopReason, *, at: datetime) -> int:
    """Stop whatever runs or waits for somebody; how many. `reopen` brings exactly these back."""
    order.lock_where(session, _e.prospect_id == prospect_id, _e.state.in_(ACTIVE))
    stopped = session.scalars(
        update(_enrolments)
        .where(_e.prospect_id == prospect_id, _e.state.in_(ACTIVE))
        .values(
            state=EnrolmentState.STOPPED,
            stop_reason=reason,
            stop_detail="",
            held_at=func.coalesce(_e.held_at, at),
            held_due_at=func.coalesce(_e.held_due_at, _e.next_due_at),
            next_due_at=None,
            resumes_at=None,
            changed_at=at,
        )
        .returning(_e.id)
    )
    return len(stopped.all())


def reopen(session: Session, prospect_id: int, reason: StopReason, *, stopped_at: datetime) -> list[int]:
    """Make paused ones of what was stopped at that moment for that reason; their ids.

    Nothing is brought back for whoever began another sequence meanwhile: they are in one at a time.
    """
    other = aliased(Enrolment)
    busy = exists(select(other.id).where(other.prospect_id == prospect_id, other.state.in_(ACTIVE)))
    back = session.scalars(
        update(_enrolments)
        .where(
            _e.prospect_id == prospect_id,
            _e.state == EnrolmentState.STOPPED,
            _e.stop_reason == reason,
            _e.changed_at == stopped_at,
            ~busy,
        )
        .values(state=EnrolmentState.PAUSED)
        .returning(_e.id)
    )
    return list(back)
