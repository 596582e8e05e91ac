"""Claims whose worker is gone: the lease is over, and nobody will finish them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.delivery import caps, crashes, mailboxes
from crm.delivery.models import Message, MessageState
from crm.delivery.results import Held
from crm.delivery.states import NEXT, EventKind
from crm.kernel.prepared import Prepared

AT_ONCE: Final = 200

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
    outcome: str

    @property
    def held(self) -> Held:
        return Held(self.id, self.mailbox_id, self.attempt, self.cap_day, self.claim_id)


_OVER = Prepared(
    select(_m.id, _m.state, _m.mailbox_id, _m.cap_day, _m.attempt, _m.claim_id, _m.outcome)
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

    poisonous: tuple[Held, ...] = ()
    """So many workers died with nothing else in hand that they are the cause: left as they are."""


def reap(session: Session, *, real_now: datetime, now: datetime) -> Reaped:
    """Take back what no worker holds any more, at most 200 messages; whoever else reaps takes others."""
    rows = [_Over._make(row) for row in _OVER.rows(session, real=real_now, most=AT_ONCE)]
    begun = [row for row in rows if row.state is MessageState.SENDING]
    claimed = [row for row in rows if row.state is MessageState.CLAIMED]
    after = {row.id: crashes.died(row.outcome) for row in claimed}
    poisonous = tuple(row.held for row in claimed if after[row.id] == crashes.LAID_ASIDE)
    unbegun = [row for row in claimed if after[row.id] != crashes.LAID_ASIDE]
    _move(session, [row.id for row in begun], MessageState.SENDING, EventKind.LOST, crashes.LOST, now=now)
    for outcome in sorted({after[row.id] for row in unbegun}):
        ids = [row.id for row in unbegun if after[row.id] == outcome]
        _move(session, ids, MessageState.CLAIMED, EventKind.PUT_BACK, outcome, now=now)
    # A slot whose message may have left stays used.
    released = [row for row in unbegun if row.cap_day is not None]
    caps.give_back(session, [(row.mailbox_id, row.cap_day) for row in released if row.cap_day is not None])
    for mailbox_id, claim_id in sorted({(row.mailbox_id, row.claim_id) for row in released}):
        mailboxes.end_turn(session, mailbox_id, claim_id, free_at=None)
    return Reaped(len(unbegun), len(begun), poisonous)


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
