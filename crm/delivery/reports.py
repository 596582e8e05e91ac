"""What is heard of messages after they left, from whomever, applied forward only (I21)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.delivery.states import LEFT, NEXT, EventKind

_messages = Message.metadata.tables["messages"]
_m = _messages.c


def apply(
    session: Session, events: Mapping[int, EventKind], *, at: datetime, outcome: str | None = None
) -> dict[int, tuple[MessageState, MessageState]]:
    """Move messages by what happened to them; (was, became) of each that exists, changed or not.

    A message found to have left has `sent_at` from then on. `outcome` is a code; None keeps the old one.
    """
    if not events:
        return {}
    seen = session.execute(
        select(_m.id, _m.state, _m.sent_at).where(_m.id.in_(events)).with_for_update()
    ).all()
    found: dict[int, tuple[MessageState, MessageState]] = {}
    for message_id, was, sent_at in seen:
        became = NEXT[was, events[message_id]]
        found[message_id] = (was, became)
        if became is was:
            continue
        values: dict[str, object] = {"state": became, "changed_at": at, "claim_id": None, "lease_until": None}
        if became in LEFT and sent_at is None:
            values["sent_at"] = at
        if outcome is not None:
            values["outcome"] = outcome[:300]
        session.execute(update(_messages).where(_m.id == message_id, _m.state == was).values(**values))
    return found


def newly_left(moved: Mapping[int, tuple[MessageState, MessageState]]) -> list[int]:
    """Messages of which this is the first we hear that they left."""
    return [message_id for message_id, (was, became) in moved.items() if became in LEFT and was not in LEFT]
