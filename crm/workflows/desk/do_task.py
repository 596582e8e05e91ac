"""A colleague ticks a task off, or takes the tick back."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.kernel.text import whole_number
from crm.privacy import rights
from crm.workflows.planning.advance import step_done
from crm.workflows.refusals.request_rights import CAUSE


def do_task(session: Session, task_id: int, *, by: int, at: datetime) -> Task | None:
    """Tick it off; a manual step lets its sequence go on. None when somebody did it before."""
    task = tasks.finish(session, task_id, by=by, at=at)
    if task is not None and task.kind is TaskKind.STEP and task.enrolment_id is not None:
        step_done(session, task.enrolment_id, now=at)
    request_id = _request_of(task)
    if request_id and rights.close(session, request_id, at=at):
        actor = chain.Actor.staff(by)
        chain.append(session, actor=actor, action="rights.answered", object=f"request:{request_id}", at=at)
    return task


def undo_task(session: Session, task_id: int) -> Task | None:
    """Take the tick back; None for a manual step, whose sequence has gone on, or when it was not done."""
    task = session.get(Task, task_id)
    if task is None or task.kind is TaskKind.STEP:
        return None
    request_id = _request_of(task)
    if request_id:
        rights.reopen(session, request_id)
    return tasks.reopen(session, task_id)


def _request_of(task: Task | None) -> int | None:
    """The request about their data that this task answers (P36)."""
    cause = task.dedupe_key if task else None
    return whole_number(cause.removeprefix(CAUSE)) if cause and cause.startswith(CAUSE) else None
