"""Make the mails that are due within ten minutes: ask the gate, write, freeze, queue once (I02)."""

import logging
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final, Self

from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.operations.alarms import PLANNER
from crm.queries.sending.due_steps import DueStep, due_steps
from crm.workflows.holding.pause_end import end_those_over
from crm.workflows.holding.resume_due import resume_due
from crm.workflows.planning.plan_alone import plan_alone
from crm.workflows.planning.plan_made import Made
from crm.workflows.planning.plan_steps import make
from crm.workflows.planning.plan_write import Written, write
from crm.workflows.planning.write_letter import Desk
from crm.workflows.sending.our_fault import all_is_well
from crm.workflows.sending.whose_fault import may_be_a_messages

log = logging.getLogger(__name__)

AHEAD: Final = timedelta(minutes=10)
"""How long before its moment a message is frozen, at most."""

BATCH: Final = 100
"""Steps in one transaction: well under a quarter of a second."""

MOST_BATCHES: Final = 200
"""In one tick; the next tick takes the rest."""

_PLACES: Final = 8
"""Batches down the queue among which a planner looks that another one was ahead of."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What a tick did, in steps."""

    seen: int = 0
    queued: int = 0
    waiting: int = 0
    stopped: int = 0
    paused: int = 0
    tasks: int = 0
    passed: int = 0
    finished: int = 0
    lost: int = 0
    """Moved on, stopped or queued by somebody else between our look and our lock."""

    def __add__(self, other: Self) -> "Planned":
        return Planned(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def plan(
    database: Database, desk: Desk, *, now: datetime, stopping: Callable[[], bool] = lambda: False
) -> Planned:
    """Plan everything that is due; safe to run in several processes at once, the database lets one win."""
    end_those_over(database, now=now)
    is_well = resume_due(database, now=now)
    total = Planned()
    for batch in islice(batches(database, desk, now=now), MOST_BATCHES):
        total += batch
        if stopping():
            break
    if total.seen:
        log.info("planned", extra={one.name: getattr(total, one.name) for one in fields(total)})
        if total.queued and is_well:
            all_is_well(database, PLANNER, now=now)
    return total


def batches(database: Database, desk: Desk, *, now: datetime) -> Iterator[Planned]:
    """Plan batch by batch until nothing is due.

    Two planners that always took what is due longest would write the same letters, and one of them for
    nothing. Who was beaten to most of a batch works further down the queue from then on.
    """
    skip = 0
    while True:
        batch = plan_batch(database, desk, now=now, skip=skip)
        yield batch
        if batch.seen == BATCH:
            if batch.lost > BATCH // 2:
                skip = BATCH * random.randrange(_PLACES)  # noqa: S311 - who writes which letter is no secret
        elif skip:  # less is left than it skips
            skip = skip // BATCH // 2 * BATCH
        else:
            break


def plan_batch(database: Database, desk: Desk, *, now: datetime, skip: int = 0) -> Planned:
    """Plan the steps that are due longest, but for the first `skip` of them.

    Judging and writing happen on a snapshot, outside any lock; only the finished rows are written in a
    transaction. Whatever changed in between is caught there, by the unique key, or by the gate inside
    the claim. Where that fails they are planned one by one, to find out over whom.
    """
    steps: list[DueStep] = []
    try:
        with database.reading() as session:
            steps = due_steps(session, until=now + AHEAD, limit=BATCH, skip=skip)
            made = make(session, desk, steps, now=now) if steps else Made()
        if not steps:
            return Planned()
        point("plan.after_read")
        return _counted(made, database.repeated(partial(_keep, made=made, now=now)))
    except Exception as fault:
        if not steps or not may_be_a_messages(fault):
            raise
        log.exception("a batch could not be planned at once")
        done = plan_alone(database, desk, steps, now=now)
        laid_aside = len(steps) - len(done)
        return sum((_counted(*one) for one in done), Planned(seen=laid_aside, paused=laid_aside))


def _keep(session: Session, *, made: Made, now: datetime) -> Written:
    written = write(session, made, now=now)
    point("plan.before_commit")
    return written


def _counted(made: Made, written: Written) -> Planned:
    return Planned(
        seen=len(made.steps),
        queued=written.queued,
        lost=written.lost,
        waiting=len(made.waits),
        stopped=len(made.stops),
        paused=len(made.pauses),
        tasks=len(made.tasks),
        passed=len(made.passed),
        finished=len(made.finished),
    )
