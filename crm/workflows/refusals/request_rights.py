"""Somebody asks for their data to be shown or removed: the clock starts (P36)."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import tasks
from crm.kernel.digests import AddressKeys
from crm.privacy import rights
from crm.queries.inbox import person
from crm.queries.inbox.person import Key

CAUSE: Final = "rights:"
"""Begins the key of the task; the request's number follows."""

_OURS: Final = ZoneInfo("Europe/Amsterdam")
_WORDS: Final = {
    "access": "They ask for a copy of their data. Export it and send it to the address on record",
    "erasure": "They ask to be removed. Make sure that it is them, then erase them",
    "rectification": "They ask to have their data put right",
    "restriction": "They ask that their data is only kept, and not used",
    "portability": "They ask for their data as a file. Export it and send it to the address on record",
}


def request_rights(
    session: Session, ring: AddressKeys, key: Key, *, kind: str, channel: str, at: datetime
) -> bool:
    """Note a request of this mailbox's own person; False when it is open already or we hold nothing.

    It stands on Today until somebody ticks it off, which is when it was answered. Nothing is shown and
    nothing removed on the strength of a typed address: a person here looks, and answers to the address on
    record.
    """
    found = person.find(session, ring, [key])
    if found.known is None:
        return False
    request = rights.open_request(session, found.known.id, kind=kind, channel=channel, at=at)
    if request is None:
        return False
    last = request.due_at.astimezone(_OURS)
    title = f"{_WORDS.get(kind, 'They use a right of theirs')}, by {last:%-d %B %Y} at the latest."
    tasks.ask(session, found.known.id, title, dedupe_key=f"{CAUSE}{request.id}", now=at)
    chain.append(
        session,
        actor=chain.PERSON,
        action="rights.asked",
        object=f"prospect:{found.known.id}",
        detail={"kind": kind, "channel": channel},
        at=at,
    )
    return True
