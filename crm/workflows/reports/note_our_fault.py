"""A mail came back for what we are or wrote: what would meet the same answer stands still (standards §3.5).

Until a person has looked. What left before they let it go on proves nothing new when it comes back after.
"""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Message
from crm.operations import alarms
from crm.queries.sending.leaving import Reach, Scope
from crm.replies.verdicts import Hardness
from crm.sequences.models import Enrolment, Step
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish

OUR_PROOF: Final = "our_proof"
"""Alarm, and why a mailbox is paused: their servers do not believe that the mail is ours."""

CONTENT: Final = "content"
"""Alarm: a step's mail is too big, or badly formed."""


class _Which(NamedTuple):
    mailbox_id: int
    sent_at: datetime | None
    sequence_id: int | None
    position: int | None


def note_our_fault(
    session: Session, public_id: str, hardness: Hardness, *, code: str, now: datetime
) -> Scope | None:
    """Pause the mailbox whose proof is refused, or the sequence whose mail is not taken; what was paused."""
    found = session.execute(
        select(Message.mailbox_id, Message.sent_at, Enrolment.sequence_id, Step.position)
        .outerjoin(Enrolment, Enrolment.id == Message.enrolment_id)
        .outerjoin(Step, Step.id == Message.step_id)
        .where(Message.public_id == public_id)
    ).one_or_none()
    if found is None:
        return None
    which = _Which(*found)
    if hardness is Hardness.OURS:
        scope, kind = Scope(Reach.MAILBOX, which.mailbox_id), OUR_PROOF
    elif hardness is Hardness.CONTENT and which.sequence_id is not None:
        scope, kind = Scope(Reach.SEQUENCE, which.sequence_id), CONTENT
    else:
        return None
    looked_at = alarms.last_resolved(session, str(scope), kind=kind)
    if looked_at is not None and which.sent_at is not None and which.sent_at <= looked_at:
        return None
    detail = {"code": code, "step": which.position or 0}
    if not alarms.sound(session, kind, str(scope), detail=detail, at=now):
        return None
    pauses.write(session, scope, Wish(chain.PROGRAM, now, cause=kind))
    raised = {"alarm": kind, **detail}
    chain.append(
        session, actor=chain.PROGRAM, action="alarm.raised", object=str(scope), detail=raised, at=now
    )
    return scope
