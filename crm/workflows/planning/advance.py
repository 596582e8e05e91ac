"""A step is done: the next one gets its moment, or the sequence ends."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared, one_of
from crm.queries.gate.recipients import Recipient, recipients
from crm.sequences import enrolments, versions
from crm.sequences.models import Enrolment
from crm.sequences.planner import next_due
from crm.sequences.versions import StepText

_e = Enrolment.metadata.tables["enrolments"].c


class _Place(NamedTuple):
    """Where somebody is."""

    id: int
    prospect_id: int
    version_id: int
    position: int


_PLACES = Prepared(select(_e.id, _e.prospect_id, _e.version_id, _e.position).where(one_of(_e.id, "ids")))


def advance(
    session: Session,
    done: Mapping[int, int],
    *,
    now: datetime,
    people: Mapping[int, Recipient] | None = None,
) -> int:
    """Go on after the step at a position, by enrolment; how many had not gone on yet.

    The delay counts from `now`: when the mail left, the task was done, or a person decided. Only from the
    position that was seen, so that hearing of one mail twice moves nobody twice. `people`: prospects by id,
    from whoever has them at hand.
    """
    if not done:
        return 0
    rows = [_Place(*row) for row in _PLACES.rows(session, ids=list(done))]
    rows = [row for row in rows if row.position == done[row.id]]
    plans = versions.load(session, {row.version_id for row in rows})
    known = people or {}
    missing = {row.prospect_id for row in rows} - known.keys()
    if missing:
        known = {**known, **recipients(session, missing)}
    ended: list[int] = []
    going_on: dict[int, tuple[int, datetime]] = {}
    for row in rows:
        version = plans.get(row.version_id)
        step = version.step(row.position + 1) if version else None
        person = known.get(row.prospect_id)
        if step is None or person is None:
            ended.append(row.id)
        else:
            going_on[row.id] = (step.position, due_of(row.id, step, person, after=now))
    enrolments.advance(session, going_on, at=now)
    if ended:
        enrolments.finish(session, ended, at=now)
    return len(rows)


def step_done(session: Session, enrolment_id: int, *, now: datetime) -> bool:
    """Go on after a manual step, when its task is ticked off; False when its sequence is gone."""
    position = session.scalar(select(_e.position).where(_e.id == enrolment_id))
    return position is not None and advance(session, {enrolment_id: position}, now=now) == 1


def due_of(enrolment_id: int, step: StepText, person: Recipient, *, after: datetime) -> datetime:
    """When a step is due for somebody: working days and hours are theirs."""
    return next_due(
        after=after,
        working_days=step.delay,
        zone=person.zone,
        country=person.country or None,
        seed=f"{enrolment_id}:{step.position}",
    )
