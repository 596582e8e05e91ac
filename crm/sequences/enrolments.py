"""Enrolments: who is on their way through a sequence, what comes next, and how it ends."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, bindparam, case, update
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared, one_of
from crm.sequences import order
from crm.sequences.models import Enrolment, EnrolmentState, StopReason

ACTIVE: Final = frozenset({EnrolmentState.RUNNING, EnrolmentState.PAUSED})
NOTHING: Final[Mapping[int, datetime]] = MappingProxyType({})

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


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


def wait_until(
    session: Session, due: Mapping[int, datetime], *, late_from: Mapping[int, datetime] = NOTHING
) -> None:
    """Move the moment at which the planner looks at running enrolments again.

    `late_from`: those that wait only because we stopped or stood still, and since when their step is due.
    """
    rows = [
        {"enrolment": enrolment_id, "then": at, "since": late_from.get(enrolment_id)}
        for enrolment_id, at in sorted(due.items())
    ]
    _WAIT.many(session, rows)


def revise(session: Session, where: ColumnElement[bool]) -> None:
    """Note that what the next mail of these rests on has changed: a letter that was read for it is void."""
    theirs = (where, _e.state.in_(ACTIVE))
    order.lock_where(session, *theirs)
    session.execute(update(_enrolments).where(*theirs).values(revision=_e.revision + 1))


def try_as(session: Session, enrolment_id: int, public_id: str) -> None:
    """Keep the name of a mail that may have left: made anew, it is the same to whoever reports on it."""
    session.execute(update(_enrolments).where(_e.id == enrolment_id).values(tried_as=public_id))


def hand_out(session: Session, enrolment_ids: Collection[int]) -> None:
    """Note that the step of these is out, as a message or a task: the planner leaves them alone."""
    if enrolment_ids:
        _HAND_OUT.run(session, ids=list(enrolment_ids))


def advance(session: Session, steps: Mapping[int, tuple[int, datetime]], *, at: datetime) -> None:
    """Go on to the next step: (its position, when it is due).

    A paused or stopped enrolment learns its new position too, so that the step that left is not written
    again; it gets no moment, and a pause keeps the whole delay.
    """
    rows = [
        {"enrolment": enrolment_id, "place": position, "then": due_at, "now": at}
        for enrolment_id, (position, due_at) in sorted(steps.items())
    ]
    _ADVANCE.many(session, rows)


_THEN = bindparam("then", type_=_e.next_due_at.type)
_NOW = bindparam("now", type_=_e.held_at.type)
_WAIT = Prepared(
    update(_enrolments)
    .where(_e.id == bindparam("enrolment"), _e.state == EnrolmentState.RUNNING)
    .values(next_due_at=bindparam("then"), held_due_at=bindparam("since"))
)
_HAND_OUT = Prepared(
    update(_enrolments).where(one_of(_e.id, "ids")).values(next_due_at=None, held_due_at=None)
)
_ADVANCE = Prepared(
    update(_enrolments)
    .where(_e.id == bindparam("enrolment"), _e.position < bindparam("place"))
    .values(
        position=bindparam("place"),
        tried_as=None,
        next_due_at=case((_e.state == EnrolmentState.RUNNING, _THEN), else_=None),
        held_due_at=case((_e.state == EnrolmentState.PAUSED, _THEN), else_=None),
        held_at=case((_e.state == EnrolmentState.PAUSED, _NOW), else_=None),
        changed_at=_NOW,
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
    order.lock_where(session, *where, _e.state.in_(ACTIVE))
    ended = session.scalars(
        update(_enrolments)
        .where(*where, _e.state.in_(ACTIVE))
        .values(
            state=state,
            stop_reason=reason,
            stop_detail=detail[:300],
            next_due_at=None,
            resumes_at=None,
            held_at=None,
            held_due_at=None,
            changed_at=at,
        )
        .returning(_e.id)
    )
    return list(ended)
