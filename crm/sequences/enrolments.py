"""Enrolments: who is on their way through a sequence, what comes next, and why it does not."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Required, TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, update
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared, one_of
from crm.sequences import order
from crm.sequences.models import Enrolment, EnrolmentState, StopReason

ACTIVE: Final = frozenset({EnrolmentState.RUNNING, EnrolmentState.PAUSED})
NOTHING: Final[Mapping[int, datetime]] = MappingProxyType({})

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


class Pausing(TypedDict, total=False):
    """How a pause is written down."""

    at: Required[datetime]
    detail: str
    """What stands beside the reason: codes of the gate, or what a text lacks."""

    resumes_at: datetime | None
    """When it ends by itself; None waits for somebody."""


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
    session: Session, enrolment_ids: Collection[int], reason: StopReason, **how: Unpack[Pausing]
) -> int:
    """Hold running enrolments until somebody, or a date, lets them go on; how many.

    The clock of the next step's delay stops: what is left of it is kept until `workflows.sending.resume`.
    """
    order.lock(session, enrolment_ids)
    paused = session.scalars(
        update(_enrolments)
        .where(_e.id.in_(enrolment_ids), _e.state == EnrolmentState.RUNNING)
        .values(
            state=EnrolmentState.PAUSED,
            held_at=how["at"],
            held_due_at=func.coalesce(_e.held_due_at, _e.next_due_at),
            next_due_at=None,
            **_why(reason, how),
        )
        .returning(_e.id)
    )
    return len(paused.all())


def hold(session: Session, enrolment_ids: Collection[int], reason: StopReason, **how: Unpack[Pausing]) -> int:
    """Pause them, whether they run or are paused for another reason: a colleague's word counts; how many.

    What was left of a delay when the first pause began is kept.
    """
    order.lock(session, enrolment_ids)
    longer = session.scalars(
        update(_enrolments)
        .where(_e.id.in_(enrolment_ids), _e.state == EnrolmentState.PAUSED)
        .values(**_why(reason, how))
        .returning(_e.id)
    ).all()
    return len(longer) + pause(session, enrolment_ids, reason, **how)


def pause_all(
    session: Session, prospect_ids: Collection[int], reason: StopReason, **how: Unpack[Pausing]
) -> list[int]:
    """Hold what runs for these people; the enrolments' ids."""
    running = select(_e.id).where(_e.prospect_id.in_(prospect_ids), _e.state == EnrolmentState.RUNNING)
    ids = list(session.scalars(running))
    pause(session, ids, reason, **how)
    return ids


def hold_all(
    session: Session, prospect_ids: Collection[int], reason: StopReason, **how: Unpack[Pausing]
) -> list[int]:
    """Hold what runs for these people, and what a date would let go on; the enrolments' ids."""
    ends_by_itself = and_(_e.state == EnrolmentState.PAUSED, _e.resumes_at.is_not(None))
    ids = list(
        session.scalars(
            select(_e.id).where(
                _e.prospect_id.in_(prospect_ids), or_(_e.state == EnrolmentState.RUNNING, ends_by_itself)
            )
        )
    )
    hold(session, ids, reason, **how)
    return ids


def _why(reason: StopReason, how: Pausing) -> dict[str, Any]:
    return {
        "stop_reason": reason,
        "stop_detail": how.get("detail", "")[:300],
        "resumes_at": how.get("resumes_at"),
        "changed_at": how["at"],
    }


def stay_away(session: Session, prospect_ids: Collection[int], *, until: datetime, at: datetime) -> int:
    """Move the end of a pause for an absence to what a newer note says; how many."""
    away = (
        _e.prospect_id.in_(prospect_ids),
        _e.state == EnrolmentState.PAUSED,
        _e.stop_reason == StopReason.OUT_OF_OFFICE,
    )
    order.lock_where(session, *away)
    moved = session.scalars(
        update(_enrolments).where(*away).values(resumes_at=until, changed_at=at).returning(_e.id)
    )
    return len(moved.all())


def waiting(session: Session, prospect_id: int, reason: StopReason, *, detail: str = "") -> list[int]:
    """What is paused for somebody, by the reason and what stands beside it."""
    found = select(_e.id).where(
        _e.prospect_id == prospect_id,
        _e.state == EnrolmentState.PAUSED,
        _e.stop_reason == reason,
        _e.stop_detail == detail,
    )
    return list(session.scalars(found))


def resume(session: Session, due: Mapping[int, datetime], *, at: datetime) -> int:
    """Let paused enrolments go on, each with the moment its next step is due; how many."""
    resumed = 0
    for enrolment_id, next_due_at in sorted(due.items()):
        statement = (
            update(_enrolments)
            .where(_e.id == enrolment_id, _e.state == EnrolmentState.PAUSED)
            .values(
                state=EnrolmentState.RUNNING,
                stop_reason=None,
                stop_detail="",
                resumes_at=None,
                held_at=None,
                held_due_at=None,
                next_due_at=next_due_at,
                changed_at=at,
            )
        )
        resumed += len(session.scalars(statement.returning(_e.id)).all())
    return resumed


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
