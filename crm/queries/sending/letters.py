"""What our own mails say, read back from their bytes."""

import email
import email.policy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from crm.compose.unframe import body_of
from crm.delivery.models import Message, MessageBytes, MessageState
from crm.kernel.mail import MailKind

MOST: Final = 20
"""Mails read at once: a page shows no more of them in full."""


def texts(session: Session, message_ids: Sequence[int]) -> dict[int, str]:
    """The plain part of the first of these messages, by message; what is under the signature line too."""
    query = select(MessageBytes.message_id, MessageBytes.wire).where(
        MessageBytes.message_id.in_(list(message_ids[:MOST]))
    )
    return {row.message_id: _plain(row.wire) for row in session.execute(query)}


@dataclass(frozen=True, slots=True)
class ByHand:
    """A mail that a colleague wrote."""

    state: MessageState
    due_at: datetime
    subject: str
    body: str
    """What they typed, without the frame."""


def by_hand(session: Session, prospect_id: int, public_id: str) -> ByHand | None:
    """A first mail or an answer to this person; None for any other message, and for nobody's."""
    row = session.scalar(
        select(Message)
        .options(undefer(Message.wire))
        .where(
            Message.public_id == public_id,
            Message.prospect_id == prospect_id,
            Message.kind.in_((MailKind.MANUAL, MailKind.REPLY)),
        )
    )
    if row is None:
        return None
    body = body_of(_plain(row.wire), first_contact=row.first_contact)
    return ByHand(row.state, row.due_at, row.subject_line, body)


def _plain(wire: bytes) -> str:
    message = email.message_from_bytes(wire, policy=email.policy.default)
    part = message.get_body(("plain",))
    return part.get_content().strip() if part is not None else ""
