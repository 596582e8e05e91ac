"""Pauses of enrolments: what holds somebody's way through a sequence, until when, and how it goes on."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Required, TypedDict, Unpack

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from crm.sequences import order
from crm.sequences.models import Enrolment, EnrolmentState, StopReason

_enrolments = Enrolment.metadata.tables["enrolments"]
_e = _enrolments.c


class Pausing(TypedDict, total=False):
    """How a pause is written down."""

    at: Required[datetime]
    detail: str
    """What stands beside the reason: codes of the gate, or what a text lacks."""

    resumes_at: datetime | None
    """When it ends by itself; None waits for somebody."""


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
    """Hold what runs for these people; the enrolments' ids.

    A pause that waits for somebody outlasts one that ends by itself: without an end it holds those as well.
    """
    ids = list(session.scalars(select(_e.id).where(_e.prospect_id.in_(prospect_ids), goes_on(how))))
    hold(session, ids, reason, **how)
    return ids


def goes_on(how: Pausing) -> ColumnElement[bool]:
    """Whether an enrolment would go on though it is not yet paused in this way."""
    running = _e.state == EnrolmentState.RUNNING
    if how.get("resumes_at") is not None:
        return running
    return or_(running, and_(_e.state == EnrolmentState.PAUSED, _e.resumes_at.is_not(None)))


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
