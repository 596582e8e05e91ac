"""Claims: who has a message in hand, and until when. Every change is made from the state that was seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.kernel.digests import AddressDigest
from crm.kernel.prepared import Prepared, beside, one_of

LEASE: Final = timedelta(seconds=60)
"""Real time a worker may hold a claim; then the reaper takes it back."""

HAND_OVER: Final = timedelta(seconds=30)
"""What a mailer takes for ten at most: so much must be left of a lease when it begins."""

MARGIN: Final = timedelta(seconds=35)
"""What must be left of a lease when messages are marked as leaving."""

BATCH: Final = 100
"""Messages in one claim, at most."""

_messages = Message.metadata.tables["messages"]
_m = _messages.c


@dataclass(frozen=True, slots=True)
class LiveClaim:
    """A message that may be leaving at this moment."""

    message_id: int
    public_id: str
    state: MessageState
    lease_until: datetime
    """Real time."""


def live_for(session: Session, digests: Collection[AddressDigest], *, real_now: datetime) -> list[LiveClaim]:
    """What may be on its way to a person right now.

    Whoever objects writes first, commits, and asks this in a transaction of its own afterwards (I01): with
    nothing found the answer is final. `digests` are all spellings of the mailbox under all keys. A claim
    whose lease is over does not count, its holder lets go before the message could leave; one that is being
    handed over counts until its outcome is written down.
    """
    query = select(_m.id, _m.public_id, _m.state, _m.lease_until).where(
        _m.address_digest.in_(digests),
        or_(
            _m.state == MessageState.SENDING,
            and_(_m.state == MessageState.CLAIMED, _m.lease_until > real_now),
        ),
    )
    return [LiveClaim(*row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker needs to take messages: a name for the claim, and how long it holds."""

    id: str
    lease_until: datetime


_TAKE = Prepared(
    update(_messages)
    .where(one_of(_m.id, "ids"), beside(_m.state) == MessageState.DUE)
    .values(
        state=MessageState.CLAIMED,
        claim_id=bindparam("claim"),
        lease_until=bindparam("lease"),
        cap_day=bindparam("slot"),
        attempt=_m.attempt + 1,
        changed_at=bindparam("now"),
    )
    .returning(_m.id)
)
_MARK = Prepared(
    update(_messages)
    .where(
        one_of(_m.id, "ids"),
        beside(_m.state) == MessageState.CLAIMED,
        _m.claim_id == bindparam("claim"),
        _m.lease_until > bindparam("least"),
    )
    .values(state=MessageState.SENDING, changed_at=bindparam("now"))
    .returning(_m.id)
)


def take(
    session: Session, ids: Sequence[int], claim: Claim, *, cap_day: date | None, now: datetime
) -> list[int]:
    """Claim due messages; those that somebody else has by now are left out.

    `cap_day` is the mailbox's local day whose slots they hold, None where the cap does not count.
    """
    if not ids:
        return []
    rows = _TAKE.rows(session, ids=list(ids), claim=claim.id, lease=claim.lease_until, slot=cap_day, now=now)
    return [row[0] for row in rows]


def mark_sending(
    session: Session, ids: Sequence[int], claim_id: str, *, real_now: datetime, now: datetime
) -> list[int]:
    """Mark claimed messages as leaving; those whose claim is gone, or nearly over, are left out."""
    if not ids:
        return []
    rows = _MARK.rows(session, ids=list(ids), claim=claim_id, least=real_now + MARGIN, now=now)
    return [row[0] for row in rows]
