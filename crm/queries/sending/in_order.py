"""Enrolments before messages: whoever changes both takes them in one order (`crm.sequences.order`).

Before both come the companies that mail is about to leave for. Only who marks mail takes those, and takes
them first, so nobody who holds an enrolment or a message ever waits for one.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.prospects.models import Prospect
from crm.sequences import order
from crm.sequences.models import Enrolment

# Any number, the same everywhere: the space of these advisory locks on PostgreSQL.
_COMPANY: Final = 0x636F6D70


def lock_for_mark(session: Session, message_ids: Collection[int], recorded: Collection[int] = ()) -> None:
    """Lock what a mark on these messages rests on, before anything is written about them.

    `recorded`: messages whose outcome is written down in the same transaction.
    """
    _lock_companies_of(session, message_ids)
    lock_series_of(session, [*recorded, *message_ids])


def _lock_companies_of(session: Session, message_ids: Collection[int]) -> None:
    """Let nobody else mark mail to these companies as leaving until our commit.

    Whether one may leave rests on what else may be leaving for the same person and company: a mark that is
    not committed yet cannot be seen, only waited for. SQLite has one writer anyway.
    """
    if not message_ids or session.get_bind().dialect.name != "postgresql":
        return
    theirs = (
        select(Prospect.company_id)
        .join(Message, Message.prospect_id == Prospect.id)
        .where(Message.id.in_(message_ids))
        .distinct()
        .order_by(Prospect.company_id)
        .subquery()
    )
    session.execute(select(func.pg_advisory_xact_lock(_COMPANY, theirs.c.company_id)))


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
