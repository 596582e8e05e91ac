"""What is heard of messages after they left, from whomever, applied forward only (I21)."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.delivery.states import LEFT, NEXT, EventKind
from crm.kernel.prepared import Prepared, beside, one_of

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


_SEEN = Prepared(
    select(_m.id, _m.state, _m.sent_at).where(one_of(_m.id, "ids")).order_by(_m.id).with_for_update()
)
_MOVE = Prepared(
    update(_messages)
    .where(one_of(_m.id, "ids"), beside(_m.state) == bindparam("was"))
    .values(
        state=bindparam("became"),
        sent_at=func.coalesce(_m.sent_at, bindparam("left", type_=_m.sent_at.type)),
        claim_id=None,
        lease_until=None,
        changed_at=bindparam("now"),
    )
)


def hear(session: Session, events: Mapping[int, Collection[EventKind]], *, at: datetime) -> list[int]:
    """Move messages by everything a provider reports of them; those of which nobody knew that they left.

    In any order and any number of times the same (I21). Being dropped by a provider proves as well that it
    had taken the message, so what follows from having left follows once, whichever report comes first.
    """
    moved: dict[tuple[MessageState, MessageState, bool], list[int]] = {}
    for message_id, was, sent_at in _SEEN.rows(session, ids=list(events)):
        became = was
        for event in events[message_id]:
            became = NEXT[became, event]
        if became is not was:
            moved.setdefault((was, became, sent_at is None), []).append(message_id)
    for (was, became, is_first), ids in moved.items():
        left = at if is_first else None
        _MOVE.run(session, ids=ids, was=was, became=became, left=left, now=at)
    return [one for (_, _, is_first), ids in moved.items() if is_first for one in ids]
