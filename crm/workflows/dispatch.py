"""Send what is due: claim, ask the gate again, mark, hand over, write down (D1).

At most once: a crash before the mark puts a message back, a crash after it leaves doubt that a person sees.
No transaction is open while we talk to the provider.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

from crm.delivery import results
from crm.delivery.claims import BATCH
from crm.delivery.models import MessageState
from crm.delivery.ports import BATCH_LIMIT, Envelope, Mailer
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.settings import Settings
from crm.workflows.ask_again import ask_again
from crm.workflows.claim import Batch, claim_batch
from crm.workflows.record_outcomes import record_outcomes

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PostRoom:
    """What sending takes."""

    database: Database
    settings: Settings
    clocks: Clocks
    mailer: Mailer


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What a tick did, in messages."""

    claimed: int = 0
    moved: int = 0
    """Put off to the recipient's next opening."""

    sent: int = 0
    rejected: int = 0
    again: int = 0
    """Certainly not with the provider; tried later."""

    uncertain: int = 0
    stayed: int = 0
    """Withheld or put back by the gate inside the claim."""

    def __add__(self, other: Self) -> "Dispatched":
        return Dispatched(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def dispatch(
    room: PostRoom, *, stopping: Callable[[], bool] = lambda: False, limit: int = BATCH
) -> Dispatched:
    """Claim one batch and send it, ten at a time; whoever is asked to stop lets go of the rest."""
    batch = claim_batch(
        room.database,
        room.settings,
        now=room.clocks.calendar(),
        real_now=room.clocks.real(),
        limit=limit,
    )
    done = Dispatched(claimed=len(batch.ids), moved=batch.moved)
    for start in range(0, len(batch.ids), BATCH_LIMIT):
        if stopping():
            _let_go(room, batch, batch.ids[start:])
            break
        done += send_handful(room, batch, batch.ids[start : start + BATCH_LIMIT])
    if done.claimed:
        log.info("dispatched", extra={one.name: getattr(done, one.name) for one in fields(done)})
    return done


def send_handful(room: PostRoom, batch: Batch, ids: Sequence[int]) -> Dispatched:
    """Send up to ten claimed messages: as many as may be in doubt at once."""
    with room.database.transaction() as session:
        leaving = ask_again(
            session,
            ids,
            batch.claim,
            now=room.clocks.calendar(),
            real_now=room.clocks.real(),
            settings=room.settings,
        )
    if not leaving:
        return Dispatched(stayed=len(ids))
    point("transport.before")
    outcomes = room.mailer.send(
        [Envelope(one.public_id, one.sender, one.recipient, one.wire) for one in leaving]
    )
    point("transport.after")
    with room.database.transaction() as session:
        recorded = record_outcomes(
            session,
            batch.claim.id,
            dict(zip((one.id for one in leaving), outcomes, strict=True)),
            ring=room.settings.keys.addresses,
            now=room.clocks.calendar(),
            speed=room.clocks.speed,
        )
        point("record.before_commit")
    point("record.after_commit")
    return Dispatched(
        sent=recorded.sent,
        rejected=recorded.rejected,
        again=recorded.again,
        uncertain=recorded.uncertain,
        stayed=len(ids) - len(leaving),
    )


def _let_go(room: PostRoom, batch: Batch, ids: Sequence[int]) -> None:
    """Give claimed messages back at once, rather than let their leases run out."""
    with room.database.transaction() as session:
        held = results.ours(session, ids, batch.claim.id, state=MessageState.CLAIMED)
        results.put_back(session, list(held.values()), now=room.clocks.calendar())
