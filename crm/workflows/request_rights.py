"""Somebody asks for their data to be shown or removed: the clock starts (P36)."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.digests import AddressKeys
from crm.privacy import rights
from crm.queries import person
from crm.queries.person import Key


def request_rights(
    session: Session, ring: AddressKeys, key: Key, *, kind: str, channel: str, at: datetime
) -> bool:
    """Note a request of this mailbox's own person; False when it is open already or we hold nothing.

    Nothing is shown and nothing removed on the strength of a typed address: a person here looks, and
    answers to the address on record.
    """
    found = person.find(session, ring, [key])
    if found.known is None:
        return False
    is_news = rights.open_request(session, found.known.id, kind=kind, channel=channel, at=at)
    if is_news:
        chain.append(
            session,
            actor=chain.PERSON,
            action="rights.asked",
            object=f"prospect:{found.known.id}",
            detail={"kind": kind, "channel": channel},
            at=at,
        )
    return is_news
