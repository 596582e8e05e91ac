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
