"""Leave out a step that came too late, and go on with the next one. Audited."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import tasks
from crm.delivery import outbox
from crm.kernel.errors import NotFoundError
from crm.sequences import order, pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.workflows.planning.advance import advance


def skip_step(
    session: Session, prospect_id: int, enrolment_id: int, *, by: chain.Actor, at: datetime
) -> bool:
    """Skip the step that is asked about; False when the sequence waits for no such answer (any more).

    The delay of the next step counts from now: nothing comes at once because something was left out.

    Raises:
        NotFoundError: this person has no such enrolment.
    """
    order.lock(session, [enrolment_id])
    query = select(Enrolment.state, Enrolment.stop_reason, Enrolment.position).where(
        Enrolment.id == enrolment_id, Enrolment.prospect_id == prospect_id
    )
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError
    state, reason, position = row
    if (state, reason) != (EnrolmentState.PAUSED, StopReason.TOO_LATE):
        return False
    outbox.take_back(session, enrolment_ids=[enrolment_id])
    pauses.resume(session, {enrolment_id: at}, at=at)
    advance(session, {enrolment_id: position}, now=at)
    tasks.answer(session, enrolment_id, by=by.id, at=at)
    chain.append(
        session,
        actor=by,
        action="enrolment.skipped",
        object=f"enrolment {enrolment_id}",
        detail={"step": position},
        at=at,
    )
    return True
