"""A colleague ticks a task off, or takes the tick back."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.workflows.advance import step_done


def do_task(session: Session, task_id: int, *, by: int, at: datetime) -> Task | None:
    """Tick it off; a manual step lets its sequence go on. None when somebody did it before."""
    task = tasks.finish(session, task_id, by=by, at=at)
    if task is not None and task.kind is TaskKind.STEP and task.enrolment_id is not None:
        step_done(session, task.enrolment_id, now=at)
    return task


def undo_task(session: Session, task_id: int) -> Task | None:
    """Take the tick back; None for a manual step, whose sequence has gone on, or when it was not done."""
    task = session.get(Task, task_id)
    if task is None or task.kind is TaskKind.STEP:
        return None
    return tasks.reopen(session, task_id)
