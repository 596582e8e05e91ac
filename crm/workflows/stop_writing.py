"""Take back what is planned for somebody, as far as their no reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.kernel.mail import MailKind, TrackingMode
from crm.privacy.models import RefusalScope
from crm.privacy.register import STOPS_MAIL, Wish
from crm.sequences.models import Enrolment, EnrolmentState, Step, StopReason

PLANNED: Final = (MessageState.HELD, MessageState.DUE)
"""States from which a message is taken back; what a worker holds asks the register itself."""

STOPPABLE: Final = (MailKind.OUTREACH, MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP)
"""Kinds a no stops. An answer about their own data, and mail to staff, go out all the same."""

ACTIVE: Final = (EnrolmentState.RUNNING, EnrolmentState.PAUSED)


@dataclass(frozen=True, slots=True)
class Stopped:
    """How much was taken back."""

    messages: int = 0
    enrolments: int = 0


def stop_writing(session: Session, prospect_ids: Sequence[int], wish: Wish, *, now: datetime) -> Stopped:
    """Cancel or postpone what is planned for these people; what is on its way is not touched.

    A no to mail cancels messages and stops sequences; one to a series stops that; a snooze pauses the
    sequence until its end, and an objection to measuring plans the message anew, without a pixel.
    """
    if not prospect_ids:
        return Stopped()
    whose = Enrolment.prospect_id.in_(prospect_ids)
    if wish.scope in STOPS_MAIL:
        cancelled = _cancel(session, Message.prospect_id.in_(prospect_ids), now)
        return Stopped(cancelled, _stop(session, whose, now))
    if wish.scope is RefusalScope.SEQUENCE:
        series = select(Enrolment.id).where(whose, Enrolment.sequence_id == wish.scope_id)
        cancelled = _cancel(session, Message.enrolment_id.in_(series), now)
        return Stopped(cancelled, _stop(session, Enrolment.id.in_(series), now))
    if wish.scope is RefusalScope.SNOOZE:
        taken_back = _plan_anew(session, prospect_ids, (), now)
        return Stopped(taken_back, _pause(session, whose, wish, now))
    measured = (Message.tracking == TrackingMode.INDIVIDUAL,)
    return Stopped(_plan_anew(session, prospect_ids, measured, now))


def _cancel(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    taken_back = (
        update(Message)
        .where(which, Message.state.in_(PLANNED), Message.kind.in_(STOPPABLE))
        .values(state=MessageState.CANCELLED, outcome="refused", changed_at=now)
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(taken_back))


def _stop(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    stopped = (
        update(Enrolment)
        .where(which, Enrolment.state.in_(ACTIVE))
        .values(
            state=EnrolmentState.STOPPED,
            stop_reason=StopReason.REFUSED,
            next_due_at=None,
            resumes_at=None,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(stopped))


def _pause(session: Session, which: ColumnElement[bool], wish: Wish, now: datetime) -> int:
    """Sequences that run, or that would go on by themselves before the snooze ends."""
    sooner = (Enrolment.state == EnrolmentState.PAUSED) & (Enrolment.resumes_at < wish.until)
    paused = (
        update(Enrolment)
        .where(which, or_(Enrolment.state == EnrolmentState.RUNNING, sooner))
        .values(
            state=EnrolmentState.PAUSED,
            stop_reason=StopReason.SNOOZED,
            next_due_at=None,
            resumes_at=wish.until,
            changed_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(paused))


def _plan_anew(
    session: Session, prospect_ids: Sequence[int], more: Sequence[ColumnElement[bool]], now: datetime
) -> int:
    """Delete planned steps and send their enrolments back to the planner, which asks everything again.

    One message a step is all the database allows (I02), so the row has to go, not to be cancelled.
    """
    query = (
        select(Message.id, Message.enrolment_id, Message.due_at, Step.position)
        .join(Step, Step.id == Message.step_id)
        .where(
            Message.prospect_id.in_(prospect_ids),
            Message.kind == MailKind.OUTREACH,
            Message.state.in_(PLANNED),
            *more,
        )
    )
    taken_back = 0
    for id_, enrolment_id, due_at, position in session.execute(query).all():
        gone = delete(Message).where(Message.id == id_, Message.state.in_(PLANNED))
        if not _count(session.execute(gone.execution_options(synchronize_session=False))):
            continue
        taken_back += 1
        back = (
            update(Enrolment)
            .where(Enrolment.id == enrolment_id, Enrolment.state == EnrolmentState.RUNNING)
            .values(position=position, next_due_at=due_at, changed_at=now)
            .execution_options(synchronize_session=False)
        )
        session.execute(back)
    return taken_back


def _count(result: Any) -> int:  # noqa: ANN401 - a DELETE's or UPDATE's result has a row count
    return int(result.rowcount)
