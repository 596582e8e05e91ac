"""Which tasks wait for somebody: one answer for Today, the side bar, the list and a prospect's page."""

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import Enrolment, EnrolmentState, StopReason


def waiting() -> ColumnElement[bool]:
    """Open; and where it is about a sequence, that still goes on.

    A call that belongs to a sequence is nobody's work any more once the person said no, nor while that is in
    doubt; and whether a late mail should still go is no question once the sequence was stopped.
    """
    undoubted = or_(
        Task.kind != TaskKind.STEP,
        Enrolment.state == EnrolmentState.RUNNING,
        Enrolment.stop_reason.is_distinct_from(StopReason.IN_DOUBT),
    )
    goes_on = exists().where(Enrolment.id == Task.enrolment_id, Enrolment.state.in_(ACTIVE), undoubted)
    return and_(tasks.is_open(), or_(Task.enrolment_id.is_(None), goes_on))


def held_by(session: Session, task_id: int) -> tuple[int, StopReason | None] | None:
    """The sequence of one person that is paused until this question is answered, and why it is."""
    query = (
        select(Enrolment.id, Enrolment.stop_reason)
        .join(Task, Task.enrolment_id == Enrolment.id)
        .where(
            Task.id == task_id,
            Task.kind == TaskKind.REVIEW,
            Enrolment.state == EnrolmentState.PAUSED,
        )
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row.id, row.stop_reason)


def of(staff_id: int) -> ColumnElement[bool]:
    """This colleague's, and those of nobody in particular."""
    return or_(Task.assignee_id == staff_id, Task.assignee_id.is_(None))
