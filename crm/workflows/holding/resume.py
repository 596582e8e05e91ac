"""Let paused sequences go on."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.kernel.faults import point
from crm.kernel.prepared import Prepared
from crm.queries.gate.recipients import Recipient, recipients
from crm.sequences import order, pauses
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.planner import next_due, release_at, working_days_between

_e = Enrolment.metadata.tables["enrolments"].c
AT_ONCE = 200


def resume(session: Session, enrolment_ids: Collection[int], *, now: datetime) -> int:
    """Go on where they stopped, with what was left of the delay then, in the recipient's hours; how many.

    What waits in the outbox since before the pause is made again. The gate is asked then.
    """
    query = select(_e.id, _e.prospect_id, _e.position, _e.held_at, _e.held_due_at).where(
        _e.id.in_(enrolment_ids), _e.state == EnrolmentState.PAUSED
    )
    order.lock(session, enrolment_ids)
    rows = [Held(*row) for row in session.execute(query)]
    outbox.take_back(session, enrolment_ids=[row.id for row in rows])
    people = recipients(session, {row.prospect_id for row in rows})
    due = {row.id: moment_after(row, people[row.prospect_id], now) for row in rows}
    point("resume.before_commit")
    return pauses.resume(session, due, at=now)


class Held(NamedTuple):
    """Somebody whose sequence is paused."""

    id: int
    prospect_id: int
    position: int
    held_at: datetime | None
    held_due_at: datetime | None


def moment_after(held: Held, person: Recipient, now: datetime) -> datetime:
    """When the next step is due if a pause ends now: as many working days ahead as it was when it began."""
    zone, country, seed = person.zone, person.country or None, f"{held.id}:{held.position}"
    if held.held_at is None or held.held_due_at is None or held.held_due_at <= held.held_at:
        return release_at(now, zone=zone, country=country, seed=seed)
    began, due = held.held_at.astimezone(zone).date(), held.held_due_at.astimezone(zone).date()
    days = working_days_between(began, due, country)
    if days <= 0:
        later = now + (held.held_due_at - held.held_at)
        return release_at(later, zone=zone, country=country, seed=seed)
    return next_due(after=now, working_days=days, zone=zone, country=country, seed=seed)


_OVER = Prepared(
    select(_e.id)
    .where(_e.state == EnrolmentState.PAUSED, _e.resumes_at <= bindparam("now"))
    .order_by(_e.resumes_at)
    .limit(bindparam("most"))
)


def those_due(session: Session, *, now: datetime) -> list[int]:
    """Paused enrolments whose pause ends by itself and is over: a snooze, an absence; at most 200."""
    return [row[0] for row in _OVER.rows(session, now=now, most=AT_ONCE)]
