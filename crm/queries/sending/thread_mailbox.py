"""The mailbox that a mail by hand, an answer or a sign-up link leaves from."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox, Message
from crm.replies.models import InboundMail


def mailbox_for(session: Session, prospect_id: int) -> Mailbox | None:
    """The mailbox that wrote to them last, so that a thread stays in one; else the first one."""
    last = (
        select(Mailbox)
        .join(Message, Message.mailbox_id == Mailbox.id)
        .where(Message.prospect_id == prospect_id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    return session.scalar(last) or session.scalar(select(Mailbox).order_by(Mailbox.id).limit(1))


def mailbox_of(session: Session, inbound_id: int | None) -> Mailbox | None:
    """The mailbox of the message that an inbound mail answers; None when it answers none we know."""
    query = (
        select(Mailbox)
        .join(Message, Message.mailbox_id == Mailbox.id)
        .join(InboundMail, InboundMail.message_id == Message.id)
        .where(InboundMail.id == inbound_id)
    )
    return session.scalar(query)
