"""Inbound mail comes in: stored first, marked as read afterwards, so that none is lost."""

from datetime import datetime

from crm.kernel.clock import Clock
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.replies import inbox
from crm.replies.ports import SIZE_LIMIT, InboundMailbox, cut

AT_ONCE = 100  # messages in one run


def receive_mail(database: Database, mailbox: InboundMailbox, clock: Clock) -> int:
    """Take in what lies unseen; how many were news. Killed in between, a mail is seen twice and kept once."""
    news = 0
    for key, raw in mailbox.unseen(AT_ONCE):
        point("inbox.before_store")
        news += keep(database, raw, at=clock())
        point("inbox.after_store")
        mailbox.keep(key)
        point("inbox.after_keep")
    return news


def keep(database: Database, raw: bytes, *, at: datetime) -> bool:
    """Store one mail for good; when this returns it is on the disk (I23). Of a monster, the beginning."""
    if len(raw) > SIZE_LIMIT:
        raw = cut(raw, len(raw))
    with database.transaction() as session:
        news = inbox.store(session, raw, at=at)
        point("inbox.before_commit")
    return news
