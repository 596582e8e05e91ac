"""What became of messages in hand, written down only from the state and the claim that were seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Boolean, Update, bindparam, case, func, select, update
from sqlalchemy.orm import Session

from crm.delivery import caps, mailboxes
from crm.delivery.models import Message, MessageState
from crm.delivery.ports import Accepted, NotSent, Outcome, Rejected, Uncertain
from crm.kernel.prepared import Prepared, beside, one_of

BACK_OFF: Final = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(minutes=60),
)
"""Waits after the first, second… try that certainly did not leave; put off once more, it is given up."""

KEEPS_AT: Final = 3
"""Tries that count at most where nobody's mail would have left: it is tried every 15 minutes then."""

_messages = Message.metadata.tables["messages"]
_m = _messages.c


@dataclass(frozen=True, slots=True)
class Held:
    """A message that is ours: marked by our claim, in a state that only we may change."""

    id: int
    mailbox_id: int
    attempt: int
    cap_day: date | None
    claim_id: str


_OURS = Prepared(
    select(_m.id, _m.mailbox_id, _m.attempt, _m.cap_day, _m.claim_id)
    .where(one_of(_m.id, "ids"), beside(_m.state) == bindparam("state"), _m.claim_id == bindparam("claim"))
    .with_for_update()
)
_RECORD = Prepared(
    update(_messages)
    .where(_m.id == bindparam("message"), _m.state == MessageState.SENDING)
    .values(
        state=bindparam("became"),
        provider_id=bindparam("name"),
        sent_at=bindparam("left"),
        due_at=func.coalesce(bindparam("then", type_=_m.due_at.type), _m.due_at),
        cap_day=bindparam("day"),
        outcome=bindparam("what"),
        attempt=bindparam("tries"),
        late_from=case(
            (bindparam("waits", type_=Boolean), func.coalesce(_m.late_from, _m.due_at)), else_=_m.late_from
        ),
        claim_id=None,
        lease_until=None,
        changed_at=bindparam("now"),
    )
)


def ours(session: Session, ids: Sequence[int], claim_id: str, *, state: MessageState) -> dict[int, Held]:
    """Those of the messages that still are as we left them; locked until the transaction ends.

    What is missing was decided by somebody else meanwhile (the reaper, a report), and stands.
    """
    rows = _OURS.rows(session, ids=list(ids), claim=claim_id, state=state)
    return {row[0]: Held(*row) for row in rows}


def withhold(
    session: Session, held: Sequence[Held], why: Mapping[int, tuple[str, Mapping[str, Any]]], *, now: datetime
) -> None:
    """The gate said no: (its reason codes, its decision) by message. The slots go back."""
    if not held:
        return
    statement = _from(MessageState.CLAIMED).values(
        state=MessageState.WITHHELD,
        outcome=bindparam("what"),
        decision=bindparam("answer", type_=_m.decision.type),
        cap_day=None,
        changed_at=now,
    )
    rows = [{"message": one.id, "what": why[one.id][0][:300], "answer": dict(why[one.id][1])} for one in held]
    session.connection().execute(statement, rows)
    _return_slots(session, held)


def put_back(
    session: Session,
    held: Sequence[Held],
    due: Mapping[int, datetime] | None = None,
    *,
    now: datetime,
    outcome: str = "",
) -> None:
    """Let go of claimed messages that did not leave: they are due again, at once or at another moment.

    The try does not count; the slots go back.
    """
    if not held:
        return
    statement = _from(MessageState.CLAIMED).values(
        state=MessageState.DUE,
        due_at=func.coalesce(bindparam("then", type_=_m.due_at.type), _m.due_at),
        claim_id=None,
        lease_until=None,
        cap_day=None,
        attempt=bindparam("tries"),
        outcome=outcome[:300],
        changed_at=now,
    )
    later = due or {}
    rows = [{"message": one.id, "tries": max(one.attempt - 1, 0), "then": later.get(one.id)} for one in held]
    session.connection().execute(statement, rows)
    _return_slots(session, held)


def record(
    session: Session,
    claim_id: str,
    outcomes: Mapping[int, Outcome],
    *,
    now: datetime,
    speed: float = 1.0,
) -> dict[int, MessageState]:
    """Write down what the provider said; the new state of every message that was still ours.

    `speed` turns the real time a provider asks for into calendar time.
    """
    held = ours(session, list(outcomes), claim_id, state=MessageState.SENDING)
    if not held:
        return {}
    rows = [_row(one, outcomes[one.id], now, speed) for one in held.values()]
    _RECORD.many(session, rows)
    _return_slots(session, [held[row["message"]] for row in rows if row["became"] is MessageState.DUE])
    return {row["message"]: row["became"] for row in rows}


def _row(held: Held, outcome: Outcome, now: datetime, speed: float) -> dict[str, Any]:
    tries = _counted(held, outcome)
    became, what, name, then = _judged(tries, outcome, now, speed)
    return {
        "message": held.id,
        "tries": tries,
        "waits": became is MessageState.DUE,
        "became": became,
        "name": name,
        "left": now if became is MessageState.SENT else None,
        "then": then,
        # Whatever may have left has used its slot up.
        "day": None if became is MessageState.DUE else held.cap_day,
        "what": what[:300],
        "now": now,
    }


def _counted(held: Held, outcome: Outcome) -> int:
    """Tries so far. A provider that is away for a day uses up no mail's tries (decision 0011)."""
    if isinstance(outcome, NotSent) and not outcome.reason.is_of_one_mail:
        return min(held.attempt, KEEPS_AT)
    return held.attempt


def _judged(
    tries: int, outcome: Outcome, now: datetime, speed: float
) -> tuple[MessageState, str, str | None, datetime | None]:
    """New state, why, the provider's name for it, and when to try again."""
    match outcome:
        case Accepted(provider_id):
            return MessageState.SENT, "", provider_id, None
        case Rejected(code, detail):
            return MessageState.REJECTED, f"{code} {detail}".strip(), None, None
        case Uncertain(reason):
            return MessageState.UNCERTAIN, reason, None, None
        case NotSent(reason, retry_after, _):
            if tries > len(BACK_OFF):
                return MessageState.REJECTED, f"gave_up {reason.value}", None, None
            wait = BACK_OFF[max(tries, 1) - 1]
            asked = retry_after * speed if retry_after is not None else timedelta()
            return MessageState.DUE, reason.value, None, now + max(wait, asked)


def _from(state: MessageState) -> Update:
    """Only from the state we saw; a statement for many rows at once."""
    return update(_messages).where(_m.id == bindparam("message"), _m.state == state)


def _return_slots(session: Session, held: Sequence[Held]) -> None:
    """The slots, and the mailbox's turn: nobody waits for what did not leave."""
    slots = [one for one in held if one.cap_day is not None]
    caps.give_back(session, [(one.mailbox_id, one.cap_day) for one in slots if one.cap_day is not None])
    for mailbox_id, claim_id in sorted({(one.mailbox_id, one.claim_id) for one in slots}):
        mailboxes.end_turn(session, mailbox_id, claim_id, free_at=None)
