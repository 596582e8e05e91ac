"""Enrolments: who is on their way through a sequence, what comes next, and why it does not."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared, one_of
from crm.sequences.models import Enrolment, EnrolmentState, StopReason


@dataclass(frozen=True, slots=True)
class NewEnrolment:
    """Somebody who begins a sequence."""

    prospect_id: int
    due_at: datetime
    """When the first step is due."""


ACTIVE: Final = frozenset({EnrolmentState.RUNNING, EnrolmentState.PAUSED})

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


def begin(
    session: Session,
    begun: Sequence[NewEnrolment],
    *,
    sequence_id: int,
    version_id: int,
    by: int | None,
    at: datetime,
) -> dict[int, int]:
    """Enrol people; the new enrolments by prospect. Whoever is in one already is left out."""
    if not begun:
        return {}
    rows = [
        {
            "prospect_id": one.prospect_id,
            "sequence_id": sequence_id,
            "version_id": version_id,
            "state": EnrolmentState.RUNNING,
            "stop_detail": "",
            "position": 1,
            "next_due_at": one.due_at,
            "enrolled_by": by,
            "enrolled_at": at,
            "changed_at": at,
        }
        for one in begun
    ]
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(_enrolments).on_conflict_do_nothing().returning(_e.prospect_id, _e.id)
    return dict(session.connection().execute(statement, rows).all())


def stop_all(
    session: Session,
    prospect_ids: Collection[int],
    reason: StopReason,
    *,
    at: datetime,
    detail: str = "",
    sequence_id: int | None = None,
) -> int:
    """Stop whatever runs or waits for these people (in one sequence, when named); how many enrolments."""
    where: list[ColumnElement[bool]] = [_e.prospect_id.in_(prospect_ids)]
    if sequence_id is not None:
        where.append(_e.sequence_id == sequence_id)
    return len(_end(session, where, EnrolmentState.STOPPED, reason, at=at, detail=detail))


def stop(
    session: Session, enrolment_ids: Collection[int], reason: StopReason, *, at: datetime, detail: str = ""
) -> int:
    """Stop enrolments by their ids; how many of them were running or waiting."""
    ended = _end(session, [_e.id.in_(enrolment_ids)], EnrolmentState.STOPPED, reason, at=at, detail=detail)
    return len(ended)


def finish(session: Session, enrolment_ids: Collection[int], *, at: datetime) -> int:
    """End enrolments whose last step is done."""
    where = [_e.id.in_(enrolment_ids)]
    return len(_end(session, where, EnrolmentState.FINISHED, StopReason.COMPLETED, at=at, detail=""))


def pause(
    session: Session,
    enrolment_ids: Collection[int],
    reason: StopReason,
    *,
    at: datetime,
    detail: str = "",
    resumes_at: datetime | None = None,
) -> int:
    """Hold running enrolments until somebody, or a date, lets them go on; how many."""
    paused = session.scalars(
        update(_enrolments)
        .where(_e.id.in_(enrolment_ids), _e.state == EnrolmentState.RUNNING)
        .values(
            state=EnrolmentState.PAUSED,
            stop_reason=reason,
            stop_detail=detail[:300],
            next_due_at=None,
            resumes_at=resumes_at,
            changed_at=at,
        )
        .returning(_e.id)
    )
    return len(paused.all())


def pause_all(
    session: Session,
    prospect_ids: Collection[int],
    reason: StopReason,
    *,
    at: datetime,
    resumes_at: datetime | None = None,
) -> list[int]:
    """Hold what runs for these people; the enrolments' ids."""
    running = select(_e.id).where(_e.prospect_id.in_(prospect_ids), _e.state == EnrolmentState.RUNNING)
    ids = list(session.scalars(running))
    pause(session, ids, reason, at=at, resumes_at=resumes_at)
    return ids


def resume(session: Session, due: Mapping[int, datetime], *, at: datetime) -> int:
    """Let paused enrolments go on, each with the moment its next step is due; how many."""
    resumed = 0
    for enrolment_id, next_due_at in due.items():
        statement = (
            update(_enrolments)
            .where(_e.id == enrolment_id, _e.state == EnrolmentState.PAUSED)
            .values(
                state=EnrolmentState.RUNNING,
                stop_reason=None,
                stop_detail="",
                resumes_at=None,
                next_due_at=next_due_at,
                changed_at=at,
            )
        )
        resumed += len(session.scalars(statement.returning(_e.id)).all())
    return resumed


def wait_until(session: Session, due: Mapping[int, datetime]) -> None:
    """Move the moment at which the planner looks at running enrolments again."""
    _WAIT.many(session, [{"enrolment": enrolment_id, "then": at} for enrolment_id, at in due.items()])


def hand_out(session: Session, enrolment_ids: Collection[int]) -> None:
    """Note that the step of these is out, as a message or a task: the planner leaves them alone."""
    if enrolment_ids:
        _HAND_OUT.run(session, ids=list(enrolment_ids))


def advance(session: Session, steps: Mapping[int, tuple[int, datetime]], *, at: datetime) -> None:
    """Go on to the next step: (its position, when it is due).

    A paused or stopped enrolment learns its new position too, so that the step that left is not written
    again; it gets no moment.
    """
    rows = [
        {"enrolment": enrolment_id, "place": position, "then": due_at, "now": at}
        for enrolment_id, (position, due_at) in steps.items()
    ]
    _ADVANCE.many(session, rows)


_WAIT = Prepared(
    update(_enrolments)
    .where(_e.id == bindparam("enrolment"), _e.state == EnrolmentState.RUNNING)
    .values(next_due_at=bindparam("then"))
)
_HAND_OUT = Prepared(update(_enrolments).where(one_of(_e.id, "ids")).values(next_due_at=None))
_ADVANCE = Prepared(
    update(_enrolments)
    .where(_e.id == bindparam("enrolment"), _e.position < bindparam("place"))
    .values(
        position=bindparam("place"),
        next_due_at=case(
            (_e.state == EnrolmentState.RUNNING, bindparam("then", type_=_e.next_due_at.type)), else_=None
        ),
        changed_at=bindparam("now"),
    )
)


def _end(
    session: Session,
    where: Sequence[ColumnElement[bool]],
    state: EnrolmentState,
    reason: StopReason,
    *,
    at: datetime,
    detail: str,
) -> list[int]:
    ended = session.scalars(
        update(_enrolments)
        .where(*where, _e.state.in_(ACTIVE))
        .values(
            state=state,
            stop_reason=reason,
            stop_detail=detail[:300],
            next_due_at=None,
            resumes_at=None,
            changed_at=at,
        )
        .returning(_e.id)
    )
    return list(ended)
