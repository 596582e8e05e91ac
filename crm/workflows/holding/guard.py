"""Stop a sequence by itself when too much of its mail goes wrong; a person lets it go on."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.guardrails import Fault, Limits, Record, judge
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.settings import Settings
from crm.operations import alarms
from crm.permission.budgets import Budgets
from crm.queries.gate.house import house
from crm.queries.sending.guardrails import Troubled, record_of, troubled
from crm.queries.sending.leaving import Reach, Scope
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish

log = logging.getLogger(__name__)

OVERLAP: Final = timedelta(minutes=5)
"""Real time that a transaction may take from its `now` to its commit: looked at twice rather than never."""


@dataclass(slots=True)
class Watch:
    """How far a process has looked. A fresh one looks at the whole window once."""

    seen: datetime | None = None


def guard(
    database: Database, settings: Settings, watch: Watch, *, now: datetime, speed: float = 1.0
) -> list[Scope]:
    """Look at the steps of which something went wrong since the last look; the sequences that were stopped.

    Safe in several processes at once: an alarm is raised once. `speed`: calendar seconds in a real one.
    """
    with database.reading() as session:
        budgets = house(session, settings).budgets
        since = watch.seen or now - budgets.rate_over
        found = troubled(session, since=since)
    stopped = [scope for one in found if (scope := _one(database, one, budgets, now)) is not None]
    watch.seen = now - OVERLAP * speed
    return stopped


def _one(database: Database, step: Troubled, budgets: Budgets, now: datetime) -> Scope | None:
    scope = Scope(Reach.SEQUENCE, step.sequence_id)
    limits = Limits(budgets.bounce_rate, budgets.complaint_rate, budgets.rate_over_mails)
    with database.reading() as session:
        window = now - budgets.rate_over
        looked_at = alarms.last_resolved(session, str(scope)) or window
        record = record_of(session, step, since=max(window, looked_at))
    fault = judge(record, limits)
    if fault is None:
        return None
    with database.transaction() as session:
        stopped = _stop(session, scope, step, fault, record, now)
        point("guard.before_commit")
    return scope if stopped else None


def _stop(
    session: Session, scope: Scope, step: Troubled, fault: Fault, record: Record, now: datetime
) -> bool:
    count = {
        Fault.COMPLAINTS: record.complained,
        Fault.BOUNCES: record.bounced,
        Fault.BLOCKS: record.blocked,
    }[fault]
    detail = {"step": step.position, "sent": record.sent, "count": count}
    if not alarms.sound(session, fault.value, str(scope), detail=detail, at=now):
        return False
    pauses.write(session, scope, Wish(chain.PROGRAM, now))
    chain.append(
        session,
        actor=chain.PROGRAM,
        action="alarm.raised",
        object=str(scope),
        detail={"alarm": fault.value, **detail},
        at=now,
    )
    log.warning("a sequence was stopped", extra={"alarm": fault.value, "sequence": scope.id, **detail})
    return True
