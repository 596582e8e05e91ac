"""Make the mails that are due within ten minutes: ask the gate, write, freeze, queue once (I02)."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final, Self

from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.queries.due_steps import due_steps
from crm.workflows.plan_steps import Made, make
from crm.workflows.plan_write import write
from crm.workflows.resume import resume, those_due
from crm.workflows.write_letter import Desk

log = logging.getLogger(__name__)

AHEAD: Final = timedelta(minutes=10)
"""How long before its moment a message is frozen, at most."""

BATCH: Final = 100
"""Steps in one transaction: well under a quarter of a second."""

MOST_BATCHES: Final = 200
"""In one tick; the next tick takes the rest."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a tick did, in steps."""

    seen: int = 0
    queued: int = 0
    waiting: int = 0
    stopped: int = 0
    paused: int = 0
    tasks: int = 0
    finished: int = 0

    def __add__(self, other: Self) -> "Planned":
        return Planned(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def plan(
    database: Database, desk: Desk, *, now: datetime, stopping: Callable[[], bool] = lambda: False
) -> Planned:
    """Plan everything that is due; safe to run in several processes at once, the database lets one win."""
    with database.reading() as session:
        over = those_due(session, now=now)
    if over:
        with database.transaction() as session:
            resume(session, over, now=now)
    total = Planned()
    for _ in range(MOST_BATCHES):
        batch = plan_batch(database, desk, now=now)
        total += batch
        if batch.seen < BATCH or stopping():
            break
    if total.seen:
        log.info("planned", extra={one.name: getattr(total, one.name) for one in fields(total)})
    return total


def plan_batch(database: Database, desk: Desk, *, now: datetime) -> Planned:
    """Plan the steps that are due longest.

    Judging and writing happen on a snapshot, outside any lock; only the finished rows are written in a
    transaction. Whatever changed in between is caught there, by the unique key, or by the gate inside
    the claim.
    """
    with database.reading() as session:
        steps = due_steps(session, until=now + AHEAD, limit=BATCH)
        made = make(session, desk, steps, now=now) if steps else Made()
    if not steps:
        return Planned()
    point("plan.after_read")
    with database.transaction() as session:
        queued = write(session, made, now=now)
        point("plan.before_commit")
    return Planned(
        seen=len(steps),
        queued=queued,
        waiting=len(made.waits),
        stopped=len(made.stops),
        paused=len(made.pauses),
        tasks=len(made.tasks),
        finished=len(made.finished),
    )
