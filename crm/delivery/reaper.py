"""Claims whose worker is gone: the lease is over, and nobody will finish them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.delivery import caps, mailboxes
from crm.delivery.models import Message, MessageState
from crm.delivery.states import NEXT, EventKind
from crm.kernel.prepared import Prepared

AT_ONCE: Final = 200
MOST_CRASHES: Final = 10
"""Claims of one message that may end in a crash; then a person looks at it."""

_messages = Message.metadata.tables["messages"]
_m = _messages.c


class _Over(NamedTuple):
    """A message whose lease is over."""

    id: int
    state: MessageState
    mailbox_id: int
    cap_day: date | None
    attempt: int
    claim_id: str


_OVER = Prepared(
    select(_m.id, _m.state, _m.mailbox_id, _m.cap_day, _m.attempt, _m.claim_id)
    .where(
        or_(
            and_(_m.state == MessageState.CLAIMED, _m.lease_until <= bindparam("real")),
            and_(_m.state == MessageState.SENDING, _m.lease_until <= bindparam("real")),
        )
    )
    .order_by(_m.lease_until)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Reaped:
    """What was found."""

    released: int = 0
    """Claimed, and certainly not begun: due again."""

    doubtful: int = 0
    """Being handed over: nobody knows."""

    laid_aside: int = 0
    """Claimed so often in vain that something is wrong with it."""


def reap(session: Session, *, real_now: datetime, now: datetime) -> Reaped:
    """Take back what no worker holds any more, at most 200 messages; whoever else reaps takes others."""
    rows = [_Over._make(row) for row in _OVER.rows(session, real=real_now, most=AT_ONCE)]
    begun = [row for row in rows if row.state is MessageState.SENDING]
    in_vain = [row for row in rows if row.state is MessageState.CLAIMED and row.attempt >= MOST_CRASHES]
    unbegun = [row for row in rows if row.state is MessageState.CLAIMED and row.attempt < MOST_CRASHES]
    _move(session, [row.id for row in begun], MessageState.SENDING, EventKind.LOST, "worker_lost", now=now)
    _move(session, [row.id for row in in_vain], MessageState.CLAIMED, EventKind.WITHHELD, "crashes", now=now)
    _move(
        session, [row.id for row in unbegun], MessageState.CLAIMED, EventKind.PUT_BACK, "worker_lost", now=now
    )
    # A slot whose message may have left stays used.
    released = [row for row in (*unbegun, *in_vain) if row.cap_day is not None]
    caps.give_back(session, [(row.mailbox_id, row.cap_day) for row in released if row.cap_day is not None])
    for mailbox_id, claim_id in sorted({(row.mailbox_id, row.claim_id) for row in released}):
        mailboxes.end_turn(session, mailbox_id, claim_id, free_at=None)
    return Reaped(len(unbegun), len(begun), len(in_vain))


def _move(
    session: Session, ids: list[int], state: MessageState, event: EventKind, outcome: str, *, now: datetime
) -> None:
    if not ids:
        return
    values: dict[str, object] = {"state": NEXT[state, event], "outcome": outcome, "changed_at": now}
    if event is not EventKind.LOST:
        values["cap_day"] = None
    session.execute(
        update(_messages)
        .where(_m.id.in_(ids), _m.state == state)
        .values(claim_id=None, lease_until=None, **values)
    )
