"""Faults in what is written down about a mail."""

from datetime import date

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from crm.delivery import caps, results
from crm.delivery.models import Message, MessageState
from crm.kernel.prepared import Prepared, one_of
from tests.races.plants import Changes

_messages = Message.metadata.tables["messages"]
_m = _messages.c

_WHOSEVER = Prepared(
    select(_m.id, _m.mailbox_id, _m.attempt, _m.cap_day, _m.claim_id).where(one_of(_m.id, "ids"))
)
_RECORD = Prepared(
    update(_messages)
    .where(_m.id == bindparam("message"))
    .values(
        state=bindparam("became"),
        provider_id=bindparam("name"),
        sent_at=bindparam("left"),
        due_at=func.coalesce(bindparam("then", type_=_m.due_at.type), _m.due_at),
        cap_day=bindparam("day"),
        outcome=bindparam("what"),
        claim_id=None,
        lease_until=None,
        changed_at=bindparam("now"),
    )
)


def _ours(
    session: Session, ids: list[int], _claim_id: str, *, state: MessageState
) -> dict[int, results.Held]:
    return {row[0]: results.Held(*row) for row in _WHOSEVER.rows(session, ids=list(ids))}


def _looked_at(session: Session, mailbox_id: int, day: date, *, wanted: int, cap: int) -> int:
    """By what was sent so far, which is written down long after the claim."""
    sent = select(func.count()).where(
        _m.mailbox_id == mailbox_id, _m.cap_day == day, _m.state == MessageState.SENT
    )
    return max(min(wanted, cap - (session.scalar(sent) or 0)), 0)


RECORD_ANYWAY: Changes = ((results, "ours", _ours), (results, "_RECORD", _RECORD))
CAP_LOOKED_AT: Changes = ((caps, "reserve", _looked_at),)
SLOT_KEPT: Changes = ((caps, "give_back", lambda *_: None),)
