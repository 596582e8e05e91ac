"""What providers reported is applied: in any order and any number of times the same (I21, I24)."""

import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.delivery import events, reports
from crm.delivery.event_ports import Report
from crm.delivery.events import Waiting
from crm.delivery.states import EventKind
from crm.kernel.faults import point
from crm.queries.sending.in_order import lock_series_of
from crm.workflows.refusals.refuse import Desk
from crm.workflows.reports.follow_events import follow, reason_of, report_of, write_no
from crm.workflows.sending.record_outcomes import after_sending

log = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""Events in one transaction: well under a quarter of a second."""

NOES_AT_ONCE: Final = 20
"""Of these each is flushed to the journal's disk."""

_TROUBLE: Final = (SQLAlchemyError, OSError, ValueError, LookupError)
_PROVES: Final = {
    Report.PROCESSED: EventKind.PROCESSED,
    Report.DEFERRED: EventKind.DEFERRED,
    Report.DELIVERED: EventKind.DELIVERED,
    Report.BOUNCE: EventKind.BOUNCED,
    Report.BLOCKED: EventKind.BOUNCED,
    Report.DROPPED: EventKind.DROPPED,
    Report.OPEN: EventKind.OPENED,
    Report.CLICK: EventKind.OPENED,
    Report.SPAM_REPORT: EventKind.COMPLAINED,
    Report.UNSUBSCRIBE: EventKind.ANSWERED,
    Report.FOUND: EventKind.PROCESSED,
}
_MEASURED: Final = frozenset({Report.OPEN, Report.CLICK})
"""Of these stays what the pixel of their message allows (D4), and of a click nothing (D6)."""


@dataclass(frozen=True, slots=True)
class AppliedCount:
    """What a run did, in events."""

    applied: int = 0
    parked: int = 0


def apply_events(
    desk: Desk, *, now: datetime, most: int = 10_000, stopping: Callable[[], bool] = lambda: False
) -> AppliedCount:
    """Apply what came since, some in each transaction; at most about `most`. Safe in several processes."""
    with desk.database.reading() as session:
        if not events.any_received(session):
            return AppliedCount()
    done, after, size = AppliedCount(), 0, AT_ONCE
    while done.applied + done.parked < most and not stopping():
        try:
            last, some = _apply_some(desk, after=after, most=size, now=now)
        except _TROUBLE:
            if size > 1:
                size = 1  # one of these cannot be applied: it must not hold up the others
                continue
            log.exception("an event could not be applied, and is tried again")
            last, some, size = _next(desk, after), AppliedCount(), AT_ONCE
        if last is None:
            break
        after = last
        done = AppliedCount(done.applied + some.applied, done.parked + some.parked)
    return done


def _apply_some(desk: Desk, *, after: int, most: int, now: datetime) -> tuple[int | None, AppliedCount]:
    """The id of the last one that was looked at, or None; and what became of them."""
    with desk.database.transaction() as session:
        waiting = _some(events.received(session, most=most, after=after))
        applied = apply(session, desk, waiting, now=now)
        point("events.mid_batch")
    return (waiting[-1].id if waiting else None), AppliedCount(applied, len(waiting) - applied)


def _next(desk: Desk, after: int) -> int | None:
    with desk.database.reading() as session:
        found = events.received(session, most=1, after=after)
    return found[0].id if found else None


def apply_parked(desk: Desk, *, now: datetime, stopping: Callable[[], bool] = lambda: False) -> int:
    """Apply parked events whose message has appeared; how many. One that cannot be is tried the next time."""
    applied, size = 0, AT_ONCE
    past: set[int] = set()
    while not stopping():
        with desk.database.reading() as session:
            first = _found(session, past, most=1)
        if not first:
            break
        try:
            done = _apply_found(desk, past, most=size, now=now)
        except _TROUBLE:
            if size > 1:
                size = 1  # one of these cannot be applied: it must not hold up the others
                continue
            log.exception("a parked event could not be applied, and is tried again")
            past.add(first[0].id)
            size = AT_ONCE
            continue
        applied += done
        if not done:
            break
    return applied


def _apply_found(desk: Desk, past: AbstractSet[int], *, most: int, now: datetime) -> int:
    with desk.database.transaction() as session:
        done = apply(session, desk, _some(_found(session, past, most=most)), now=now)
        point("events.park")
    return done


def _found(session: Session, past: AbstractSet[int], *, most: int) -> list[Waiting]:
    found = events.found(session, most=most + len(past))
    return [one for one in found if one.id not in past][:most]


def _some(waiting: Sequence[Waiting]) -> Sequence[Waiting]:
    """The first of them, up to the twentieth no."""
    noes = 0
    for place, one in enumerate(waiting):
        noes += reason_of(one) is not None
        if noes > NOES_AT_ONCE:
            return waiting[:place]
    return waiting


def apply(session: Session, desk: Desk, waiting: Sequence[Waiting], *, now: datetime) -> int:
    """Apply events inside the caller's transaction; how many found their message, the rest is parked.

    First what they prove, for all of a message at once; then what follows for its reader, one by one.
    """
    if not waiting:
        return 0
    messages = events.about(session, [one.reference for one in waiting])
    known = [(one, messages[one.reference]) for one in waiting if one.reference in messages]
    proofs: dict[int, set[EventKind]] = {}
    for one, message in known:
        proves = _PROVES.get(report_of(one))
        if proves is not None:
            proofs.setdefault(message.id, set()).add(proves)
    lock_series_of(session, {message.id for _, message in known})
    first = reports.hear(session, proofs, at=now)
    after_sending(session, first, ring=desk.ring, now=now)
    measured = [one.id for one, _ in known if report_of(one) in _MEASURED]
    events.applied(session, [one.id for one, _ in known], reduced=measured)
    for one, message in known:
        follow(session, desk, one, message, now)
    lost = [one for one in waiting if one.reference not in messages]
    for one in lost:
        write_no(session, desk, one, None, now)
    events.park(session, [one.id for one in lost])
    return len(known)
