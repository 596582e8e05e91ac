"""Let go on whose pause ends by itself: a snooze, an absence."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.operations.alarms import PLANNER
from crm.sequences import order
from crm.sequences.models import Enrolment
from crm.workflows.holding.resume import resume, those_due
from crm.workflows.planning.plan_faults import alone, are_to_blame
from crm.workflows.sending.lay_aside import lay_series_aside
from crm.workflows.sending.our_fault import alarm
from crm.workflows.sending.whose_fault import may_be_a_messages

log = logging.getLogger(__name__)


def resume_due(database: Database, *, now: datetime) -> bool:
    """Let them go on, at most 200; False when none of many can: an alarm stands then, and they stay paused.

    One over whom the program fails holds up no other: it is asked about (decision 0009).
    """
    with database.reading() as session:
        over = those_due(session, now=now)
    if not over:
        return True

    def go_on(enrolment_ids: Collection[int]) -> int:
        return database.repeated(lambda session: resume(session, enrolment_ids, now=now))

    try:
        go_on(over)
    except Exception as fault:
        if not may_be_a_messages(fault):
            raise
        log.exception("pauses could not end at once")
    else:
        return True
    done, errors = alone(lambda one: go_on([one]), over)
    if not errors or any(done) or are_to_blame(errors):
        database.repeated(lambda session: _ask(session, errors, now))
        return True
    alarm(database, PLANNER, next(iter(errors.values())), now=now)
    return False


def _ask(session: Session, errors: Mapping[int, Exception], now: datetime) -> None:
    """Ask about those that are still to go on: somebody may have done something about them meanwhile."""
    order.lock(session, errors)
    still = set(those_due(session, now=now)) & errors.keys()
    people = session.execute(
        select(Enrolment.id, Enrolment.prospect_id).where(Enrolment.id.in_(still)).order_by(Enrolment.id)
    )
    lay_series_aside(session, {(row.id, row.prospect_id): errors[row.id] for row in people}, now=now)
