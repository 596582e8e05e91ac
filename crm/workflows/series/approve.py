"""First mails that wait for a colleague: approved, or not sent after all."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import outbox
from crm.delivery.models import Message
from crm.kernel.errors import NotFoundError
from crm.queries.pages.held import enrolments_of
from crm.queries.sending.due_steps import steps_of
from crm.sequences import approval, enrolments
from crm.sequences.models import Enrolment, Sequence, StopReason
from crm.workflows.planning.next_words import next_words
from crm.workflows.planning.unplan import unplan
from crm.workflows.series.publish_sequence import actor_of


def approve(session: Session, public_ids: Collection[str], *, by: int | None, at: datetime) -> int:
    """Let mails go that wait; how many.

    Only those that are still as they were shown: one that was written anew since has another id, and is shown
    again. Each is made once more, with today's date, and goes the way of all: gate, hours, the day's cap.
    """
    found = enrolments_of(session, public_ids)
    approval.note(session, next_words(session, steps_of(session, found)), by=by, at=at)
    gone = outbox.take_back(session, enrolment_ids=found)
    enrolments.wait_until(session, {one.enrolment_id: one.due_again(at) for one in gone})
    return len(found)


def turn_down(session: Session, public_ids: Collection[str], *, at: datetime) -> int:
    """Do not write to these people: their sequence stops; how many."""
    found = enrolments_of(session, public_ids)
    outbox.cancel_due(session, enrolment_ids=found, reason="turned_down", at=at)
    return enrolments.stop(session, found, StopReason.BY_STAFF, at=at, detail="turned_down")


def let_first_wait(session: Session, sequence_id: int, *, wait: bool, by: int | None, at: datetime) -> bool:
    """Have the first mail to each person of a sequence wait, or no longer; False when it was so. Audited.

    What is planned is planned anew, so it holds at once for whatever no worker has in hand.

    Raises:
        NotFoundError: there is no such sequence.
    """
    row = session.get(Sequence, sequence_id, with_for_update=True)
    if row is None:
        raise NotFoundError
    if row.first_waits is wait:
        return False
    row.first_waits = wait
    session.flush()
    planned = (
        select(Message.enrolment_id)
        .join(Enrolment, Enrolment.id == Message.enrolment_id)
        .where(Enrolment.sequence_id == sequence_id, Message.state.in_(outbox.WAITING))
    )
    unplan(session, enrolment_ids=[one for one in session.scalars(planned) if one is not None], at=at)
    chain.append(
        session,
        actor=actor_of(by),
        action="sequence.first_mails_wait" if wait else "sequence.first_mails_go",
        object=f"sequence {sequence_id}",
        detail={},
        at=at,
    )
    return True
