"""Pause a mailbox that would fail over every mail, until a person has looked."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.delivery import mailboxes
from crm.operations import pause_ends
from crm.queries.sending.leaving import Reach, Scope


def stop_mailbox(session: Session, mailbox_id: int, *, cause: str, now: datetime) -> None:
    """Pause it; one whose pause would have ended by itself waits for somebody now, for this cause.

    Who gave a pause for the same cause its end knew of the cause: that end stays.
    """
    if mailboxes.pause(session, mailbox_id, reason=cause, at=now):
        return
    scope = str(Scope(Reach.MAILBOX, mailbox_id))
    if pause_ends.of(session, scope) is not None and mailboxes.explain(session, mailbox_id, reason=cause):
        pause_ends.put(session, scope, None, by=None)
