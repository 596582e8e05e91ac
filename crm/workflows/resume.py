"""Let paused sequences go on."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.kernel.prepared import Prepared
from crm.queries.recipients import recipients
from crm.sequences import enrolments
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.planner import release_at

_e = Enrolment.metadata.tables["enrolments"].c
AT_ONCE = 200


def resume(session: Session, enrolment_ids: Collection[int], *, now: datetime) -> int:
    """Go on where they stopped, at the next open hour of the recipient; how many.

    What waits in the outbox since before the pause is made again. The gate is asked then.
    """
    query = select(_e.id, _e.prospect_id, _e.position).where(
        _e.id.in_(enrolment_ids), _e.state == EnrolmentState.PAUSED
    )
    rows = session.execute(query).all()
    outbox.take_back(session, enrolment_ids=[row.id for row in rows])
    people = recipients(session, {row.prospect_id for row in rows})
    due = {}
    for row in rows:
        person = people[row.prospect_id]
        due[row.id] = release_at(
            now,
            zone=person.zone,
            country=person.country or None,
            seed=f"{row.id}:{row.position}",
        )
    return enrolments.resume(session, due, at=now)


_OVER = Prepared(
    select(_e.id)
    .where(_e.state == EnrolmentState.PAUSED, _e.resumes_at <= bindparam("now"))
    .order_by(_e.resumes_at)
    .limit(bindparam("most"))
)


def those_due(session: Session, *, now: datetime) -> list[int]:
    """Paused enrolments whose pause ends by itself and is over: a snooze, an absence; at most 200."""
    return [row[0] for row in _OVER.rows(session, now=now, most=AT_ONCE)]
