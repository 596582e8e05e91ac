"""Tasks: what somebody promised to do, and what the program asks a person."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.conversations.models import Task, TaskKind


def ask(  # noqa: PLR0913 - all but two by name
    session: Session,
    prospect_id: int,
    title: str,
    *,
    dedupe_key: str,
    now: datetime,
    kind: TaskKind = TaskKind.REVIEW,
    enrolment_id: int | None = None,
    assignee_id: int | None = None,
) -> bool:
    """Put a question on somebody's list, once a cause; False when it is there already."""
    task = Task(
        prospect_id=prospect_id,
        kind=kind,
        title=title,
        due_at=now,
        assignee_id=assignee_id,
        enrolment_id=enrolment_id,
        created_at=now,
        dedupe_key=dedupe_key,
    )
    try:
        with session.begin_nested():
            session.add(task)
    except IntegrityError:
        return False
    return True


def promise(  # noqa: PLR0913 - all by name
    session: Session,
    prospect_id: int,
    title: str,
    *,
    due_at: datetime,
    assignee_id: int,
    now: datetime,
    note_id: int | None = None,
) -> Task:
    """Plan a follow-up."""
    task = Task(
        prospect_id=prospect_id,
        kind=TaskKind.FOLLOW_UP,
        title=title,
        due_at=due_at,
        assignee_id=assignee_id,
        note_id=note_id,
        created_at=now,
    )
    session.add(task)
    session.flush()
    return task


def finish(session: Session, task_id: int, *, by: int, at: datetime) -> Task | None:
    """Tick a task off; None when it was done before, or is gone."""
    return session.scalar(
        update(Task)
        .where(Task.id == task_id, Task.done_at.is_(None))
        .values(done_at=at, done_by=by)
        .returning(Task)
    )


def reopen(session: Session, task_id: int) -> Task | None:
    """Take the tick back; None when it was not done."""
    return session.scalar(
        update(Task)
        .where(Task.id == task_id, Task.done_at.is_not(None))
        .values(done_at=None, done_by=None)
        .returning(Task)
    )


def snooze(session: Session, task_id: int, *, until: datetime) -> datetime | None:
    """Put an open task off; the moment it was due before, or None when it is not open."""
    was = session.scalar(select(Task.due_at).where(Task.id == task_id, Task.done_at.is_(None)))
    if was is not None:
        session.execute(update(Task).where(Task.id == task_id).values(due_at=until))
    return was
