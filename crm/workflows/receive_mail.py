"""Inbound mail comes in: stored first, marked as read afterwards, so that none is lost."""

from datetime import datetime

from crm.kernel.clock import Clock
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.replies import inbox
from crm.replies.ports import InboundMailbox

AT_ONCE = 100  # messages in one run


def receive_mail(database: Database, mailbox: InboundMailbox, clock: Clock) -> int:
    """Take in what lies unseen; how many were news. Killed in between, a mail is seen twice and kept once."""
    news = 0
    for key, raw in mailbox.unseen(AT_ONCE):
        news += keep(database, raw, at=clock())
        point("inbox.after_store")
        mailbox.keep(key)
    return news


def keep(database: Database, raw: bytes, *, at: datetime) -> bool:
    """Store one mail for good; when this returns it is on the disk (I23)."""
    with database.transaction() as session:
        return inbox.store(session, raw, at=at)
