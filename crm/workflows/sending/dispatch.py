"""Send what is due: claim, ask the gate again, mark, hand over, write down (D1).

At most once: a crash before the mark puts a message back, a crash after it leaves doubt that a person sees.
No transaction is open while we talk to the provider.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Self

from sqlalchemy.orm import Session

from crm.delivery import caps, mailboxes, results
from crm.delivery.claims import BATCH, HAND_OVER
from crm.delivery.models import MessageState
from crm.delivery.ports import BATCH_LIMIT, Envelope, Mailer, NotSent, NotSentReason, Outcome
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.settings import Settings
from crm.queries.gate.house import house
from crm.queries.sending.in_order import lock_for_mark, lock_series_of
from crm.workflows.sending.ask_again import Look, Moment, ask_again, look_at
from crm.workflows.sending.claim import Batch, claim_batch, rest_after
from crm.workflows.sending.judge import Leaving
from crm.workflows.sending.our_fault import all_is_well
from crm.workflows.sending.record_outcomes import left_of, record_outcomes
from crm.workflows.sending.whose_fault import may_be_a_messages, sort_out

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
    """Claim one batch and send it, ten at a time; whoever is asked to stop lets go of the rest.

    The outcomes of ten and the mark on the next ten share a transaction, so never more than ten are in doubt.
    """
    batch = claim_batch(
        room.database,
        room.settings,
        now=room.clocks.calendar(),
        real_now=room.clocks.real(),
        limit=limit,
        speed=room.clocks.speed,
    )
    done = Dispatched(claimed=len(batch.ids), moved=batch.moved)
    if not batch.ids:
        return done
    handful = Handful(batch, _look(room, batch))
    for start in range(0, len(batch.ids), BATCH_LIMIT):
        if stopping():
            done += _finish(room, handful, let_go=batch.ids[start:])
            break
        handful, recorded = _next(room, handful, batch.ids[start : start + BATCH_LIMIT])
        done += recorded
        _hand_over(room, handful)
    else:
        done += _finish(room, handful)
    if done.sent or done.rejected or done.again or done.uncertain:
        all_is_well(room.database, now=room.clocks.calendar())
    log.info("dispatched", extra={one.name: getattr(done, one.name) for one in fields(done)})
    return done


@dataclass(slots=True)
class Handful:
    """Up to ten messages that are leaving, and what became of them."""

    batch: Batch
    look: Look
    leaving: list[Leaving] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)


def _now(room: PostRoom) -> Moment:
    return Moment(room.clocks.calendar(), room.clocks.real())


def _look(room: PostRoom, batch: Batch) -> Look:
    """Ask the gate about everything at once, with no lock held: others write meanwhile.

    Where one of them cannot be judged, nothing is foreseen: which one is found out with the handfuls.
    """
    try:
        with room.database.reading() as session:
            return look_at(session, batch.ids, batch.claim, _now(room), room.settings)
    except Exception as fault:
        if not may_be_a_messages(fault):
            raise
        log.exception("a claim could not be judged at once")
    with room.database.reading() as session:
        return Look(_now(room), house(session, room.settings))


def _next(room: PostRoom, before: Handful, ids: Sequence[int]) -> tuple[Handful, Dispatched]:
    """Write down what became of the last ones, ask the gate about these, and mark those that may leave."""

    def write(session: Session) -> tuple[Dispatched, list[Leaving]]:
        lock_for_mark(session, ids, recorded=list(before.outcomes))
        recorded = _record(room, session, before)
        claim, now = before.batch.claim, _now(room)
        return recorded, ask_again(session, ids, claim, now=now, settings=room.settings, look=before.look)

    try:
        recorded, leaving = room.database.repeated(write)
    except Exception as fault:
        # What is known of mail that left must not be lost with a fault in what comes after it.
        recorded = _finish(room, before)
        if not may_be_a_messages(fault):
            raise
        leaving = _one_by_one(room, before, ids)
        before.outcomes = {}
    if before.outcomes:
        point("record.after_commit")
    stayed = Dispatched(stayed=len(ids) - len(leaving))
    return Handful(before.batch, before.look, leaving), recorded + stayed


def _one_by_one(room: PostRoom, before: Handful, ids: Sequence[int]) -> list[Leaving]:
    """Whoever made a handful fail is put back or laid aside; the others leave. Raises as `sort_out`."""
    batch = before.batch

    def mark(some: Sequence[int]) -> list[Leaving]:
        def write(session: Session) -> list[Leaving]:
            lock_for_mark(session, some)
            now = _now(room)
            return ask_again(session, some, batch.claim, now=now, settings=room.settings, look=before.look)

        return room.database.repeated(write)

    def look(one: int) -> None:
        with room.database.reading() as session:
            look_at(session, [one], batch.claim, _now(room), room.settings)

    return sort_out(room.database, batch, ids, mark=mark, look=look, now=room.clocks.calendar())


def _hand_over(room: PostRoom, handful: Handful) -> None:
    """Talk to the provider; no transaction is open.

    Whoever stood still since the mark (a machine that slept, a stopped process) does not begin: somebody may
    have been told by now that nothing more will come.
    """
    if not handful.leaving:
        return
    messages = [one.message for one in handful.leaving]
    point("transport.before")
    if handful.batch.claim.lease_until - room.clocks.real() < HAND_OVER:
        handful.outcomes = {one.id: NotSent(NotSentReason.OUT_OF_TIME) for one in messages}
        return
    outcomes = room.mailer.send(
        [Envelope(one.public_id, one.sender, one.recipient, one.wire) for one in messages]
    )
    point("transport.after")
    handful.outcomes = dict(zip((one.id for one in messages), outcomes, strict=True))


def _finish(room: PostRoom, handful: Handful, *, let_go: Sequence[int] = ()) -> Dispatched:
    """Write down what became of the last ones; give claimed ones back rather than let their lease run out."""
    if not handful.outcomes and not let_go:
        return Dispatched()

    def write(session: Session) -> Dispatched:
        lock_series_of(session, list(handful.outcomes))
        recorded = _record(room, session, handful)
        if let_go:
            held = results.ours(session, let_go, handful.batch.claim.id, state=MessageState.CLAIMED)
            results.put_back(session, list(held.values()), now=room.clocks.calendar())
        return recorded

    recorded = room.database.repeated(write)
    point("record.after_commit")
    return recorded


def _record(room: PostRoom, session: Session, handful: Handful) -> Dispatched:
    if not handful.outcomes:
        return Dispatched()
    recorded = record_outcomes(
        session,
        handful.batch.claim.id,
        handful.outcomes,
        ring=room.settings.keys.addresses,
        now=room.clocks.calendar(),
        left=[left_of(one) for one in handful.leaving],
        speed=room.clocks.speed,
    )
    if handful.batch.spaced:
        _space(session, handful, room.clocks.calendar())
    point("record.before_commit")
    return Dispatched(
        sent=recorded.sent, rejected=recorded.rejected, again=recorded.again, uncertain=recorded.uncertain
    )


def _space(session: Session, handful: Handful, now: datetime) -> None:
    """Count the wait after a mail from the end of its hand-over; what did not leave has given its turn up."""
    handed = {one.message.mailbox_id for one in handful.leaving}
    for outlet in handful.batch.spaced:
        if outlet.id in handed:
            rest = rest_after(session, outlet, caps.day_of(now, outlet.time_zone))
            mailboxes.end_turn(session, outlet.id, handful.batch.claim.id, free_at=now + rest)


def send_handful(room: PostRoom, batch: Batch, ids: Sequence[int]) -> Dispatched:
    """Send up to ten messages of a claim."""
    handful, stayed = _next(room, Handful(batch, _look(room, batch)), ids)
    _hand_over(room, handful)
    return stayed + _finish(room, handful)
