"""A mail that a colleague wrote, or that its reader waits for, did not leave: somebody is told on Today.

A step of a sequence needs no such word: its sequence ends or waits, and says why.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery.models import Message
from crm.kernel.mail import MailKind

_TITLE: Final = "“{subject}” was not sent: the history says why. Write again, or call, if they still need it."
_LONGEST: Final = 100
_TOLD: Final = (MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS)


def tell(session: Session, message_ids: Collection[int], *, now: datetime) -> None:
    """Ask about each of these that was withheld or refused for good, once."""
    mails = select(Message.public_id, Message.prospect_id, Message.subject_line).where(
        Message.id.in_(message_ids), Message.kind.in_(_TOLD), Message.prospect_id.is_not(None)
    )
    for public_id, prospect_id, subject in session.execute(mails).all():
        if prospect_id is not None:
            title = _TITLE.format(subject=subject[:_LONGEST])
            tasks.ask(session, prospect_id, title, dedupe_key=f"not_left:{public_id}", now=now)
