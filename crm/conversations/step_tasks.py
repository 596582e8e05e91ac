"""The tasks that sequences wait for."""

from collections.abc import Collection

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.conversations.models import Task, TaskKind


def waiting(session: Session, enrolment_ids: Collection[int]) -> dict[int, int]:
    """The open task of each of these enrolments that waits for one."""
    query = select(Task.enrolment_id, Task.id).where(
        Task.enrolment_id.in_(enrolment_ids), Task.kind == TaskKind.STEP, Task.done_at.is_(None)
    )
    return {enrolment: task for enrolment, task in session.execute(query) if enrolment is not None}


def reword(session: Session, task_id: int, title: str, *, dedupe_key: str) -> None:
    """Say otherwise what is to be done, for the step it stands for now."""
    session.execute(
        update(Task)
        .where(Task.id == task_id, Task.done_at.is_(None))
        .values(title=title, dedupe_key=dedupe_key)
    )


def drop(session: Session, task_ids: Collection[int]) -> None:
    """Take open tasks away: their step is no more."""
    session.execute(delete(Task).where(Task.id.in_(task_ids), Task.done_at.is_(None)))
