"""Enrolments before messages: whoever changes both takes them in one order (`crm.sequences.order`)."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.sequences import order
from crm.sequences.models import Enrolment


def lock_series_of(session: Session, message_ids: Collection[int]) -> None:
    """Lock the enrolments of these messages, before anything is written about the messages."""
    if message_ids:
        theirs = select(Message.enrolment_id).where(
            Message.id.in_(message_ids), Message.enrolment_id.is_not(None)
        )
        order.lock_where(session, Enrolment.id.in_(theirs))


def free_of(session: Session, message_ids: Collection[int]) -> set[int]:
    """Those of these messages whose enrolment nobody else has in hand, locked, and those that have none."""
    found = session.execute(select(Message.id, Message.enrolment_id).where(Message.id.in_(message_ids)))
    theirs = {row.id: row.enrolment_id for row in found}
    free = order.lock_free(session, [one for one in theirs.values() if one is not None])
    return {one for one, enrolment in theirs.items() if enrolment is None or enrolment in free}
