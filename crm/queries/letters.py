"""What our own mails say, read back from their bytes."""

import email
import email.policy
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import MessageBytes

MOST: Final = 20
"""Mails read at once: a page shows no more of them in full."""


def texts(session: Session, message_ids: Sequence[int]) -> dict[int, str]:
    """The plain part of the first of these messages, by message; what is under the signature line too."""
    query = select(MessageBytes.message_id, MessageBytes.wire).where(
        MessageBytes.message_id.in_(list(message_ids[:MOST]))
    )
    return {row.message_id: _plain(row.wire) for row in session.execute(query)}


def _plain(wire: bytes) -> str:
    message = email.message_from_bytes(wire, policy=email.policy.default)
    part = message.get_body(("plain",))
    return part.get_content().strip() if part is not None else ""
