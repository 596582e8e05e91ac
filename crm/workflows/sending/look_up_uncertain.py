"""Ask the provider about messages of which nobody knows whether they left (I05).

Found, a message has left. Not found proves nothing, so it stays in doubt: only a person says that one did not
leave, and no timer ever does.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass

from crm.delivery import events, lookups, reports
from crm.delivery.account_ports import NoAnswer, SentLookup
from crm.delivery.event_ports import Report
from crm.delivery.events import NewEvent
from crm.delivery.lookups import Doubt
from crm.delivery.states import EventKind
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.queries.sending.in_order import lock_series_of
from crm.workflows.sending.record_outcomes import after_sending

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a run did, in messages."""

    found: int = 0
    unknown: int = 0
    put_off: int = 0


def look_up_uncertain(
    database: Database,
    account: SentLookup,
    ring: AddressKeys,
    clocks: Clocks,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> LookedUp:
    """Ask about the longest doubts, at most ten; a provider that does not answer ends the run.

    No transaction is open meanwhile. Killed anywhere, the questions are asked again.
    """
    with database.transaction() as session:
        waiting = lookups.due(session, now=clocks.calendar(), real_now=clocks.real())
    found = unknown = 0
    while waiting and not stopping():
        one = waiting[0]
        answer = account.has(one.public_id, one.recipient, since=one.planned_at)
        if isinstance(answer, NoAnswer):
            _put_off(database, waiting, answer, clocks)
            break
        waiting = waiting[1:]
        if answer:
            found += _left(database, one, ring, clocks)
        else:
            unknown += 1
            with database.transaction() as session:
                lookups.unknown(session, one.id, real_now=clocks.real())
    if found or unknown or waiting:
        log.info("doubts looked up", extra={"found": found, "unknown": unknown, "put_off": len(waiting)})
    return LookedUp(found, unknown, len(waiting))


def _left(database: Database, one: Doubt, ring: AddressKeys, clocks: Clocks) -> bool:
    """It is with the provider: the same follows as from its own word. False when that came first."""
    now = clocks.calendar()
    event = NewEvent(
        kind=Report.FOUND,
        happened_at=now,
        dedupe_key=hashlib.sha256(f"found {one.public_id}".encode()).hexdigest(),
        message_id=one.id,
    )
    with database.transaction() as session:
        lock_series_of(session, [one.id])
        first = reports.hear(session, {one.id: {EventKind.PROCESSED}}, at=now)
        events.keep(session, [event] if first else [], at=now)
        after_sending(session, first, ring=ring, now=now)
        lookups.forget(session, one.id)
    return bool(first)


def _put_off(database: Database, waiting: list[Doubt], answer: NoAnswer, clocks: Clocks) -> None:
    log.warning("the provider could not be asked", extra={"reason": answer.reason})
    with database.transaction() as session:
        lookups.put_off(session, [one.id for one in waiting], until=clocks.real() + answer.wait)
