"""Questions to a provider about messages of which nobody knows whether they left: which, and when again."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.event_models import MessageLookup
from crm.delivery.models import Message, MessageState

FIRST: Final = timedelta(minutes=15)
"""Calendar time a doubt is left to the provider's own events."""

AGAIN: Final = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(hours=48),
)
"""Real time from one "does not know it" to the next question; after the last, a person decides."""

AT_ONCE: Final = 10
"""Questions in one run: the provider counts them."""

HOLD: Final = timedelta(minutes=10)
"""How long a question is ours: longer than all of a run's take."""

_messages = Message.metadata.tables["messages"]
_lookups = MessageLookup.metadata.tables["message_lookups"]
_m, _l = _messages.c, _lookups.c


class Doubt(NamedTuple):
    """A message to ask about."""

    id: int
    public_id: str
    recipient: str
    planned_at: datetime


def due(session: Session, *, now: datetime, real_now: datetime) -> list[Doubt]:
    """Messages to ask about, the longest in doubt first; nobody else is given them for a while."""
    query = (
        select(_m.id, _m.public_id, _m.recipient, _m.planned_at)
        .outerjoin(_lookups, _l.message_id == _m.id)
        .where(
            _m.state == MessageState.UNCERTAIN,
            _m.changed_at <= now - FIRST,
            or_(_l.message_id.is_(None), (_l.next_at <= real_now) & (_l.tries <= len(AGAIN))),
        )
        .order_by(_m.changed_at, _m.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True, of=_messages)
    )
    found = [Doubt(*row) for row in session.execute(query)]
    _next(session, [one.id for one in found], real_now + HOLD)
    return found


def unknown(session: Session, message_id: int, *, real_now: datetime) -> None:
    """The provider does not know it, which proves nothing: ask again, later each time."""
    tries = session.scalar(select(_l.tries).where(_l.message_id == message_id)) or 0
    wait = AGAIN[min(tries, len(AGAIN) - 1)]
    session.execute(
        update(_lookups).where(_l.message_id == message_id).values(tries=tries + 1, next_at=real_now + wait)
    )


def put_off(session: Session, message_ids: Collection[int], *, until: datetime) -> None:
    """Nobody could answer: the question stays, and does not count."""
    _next(session, message_ids, until)


def forget(session: Session, message_id: int) -> None:
    """It leaves once more, or is no doubt any more: questions begin anew."""
    session.execute(delete(_lookups).where(_l.message_id == message_id))


def _next(session: Session, message_ids: Collection[int], at: datetime) -> None:
    if not message_ids:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(_lookups)
    again = statement.on_conflict_do_update(index_elements=["message_id"], set_={"next_at": at})
    session.connection().execute(
        again, [{"message_id": one, "tries": 0, "next_at": at} for one in sorted(message_ids)]
    )
