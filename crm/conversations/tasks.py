"""Tasks: what somebody promised to do, and what the program asks a person."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.conversations.models import Note, Task, TaskKind


def is_open() -> ColumnElement[bool]:
    """Not done, and not promised by a note that its author took back."""
    taken_back = exists().where(Note.id == Task.note_id, Note.removed_at.is_not(None))
    return and_(Task.done_at.is_(None), ~taken_back)


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
    again: bool = False,
) -> bool:
    """Put a question on somebody's list, once a cause; False when it is there already.

    `again`: the same cause may come up anew. Once the earlier question is done it is asked again.
    """
    if again:
        done = update(Task).where(Task.dedupe_key == dedupe_key, Task.done_at.is_not(None))
        session.execute(done.values(dedupe_key=None))
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


def of_note(session: Session, note_id: int) -> Task | None:
    """What a note promised."""
    return session.scalar(select(Task).where(Task.note_id == note_id))


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
        session.execute(update(Task).where(Task.id == task_id, Task.done_at.is_(None)).values(due_at=until))
    return was


def answer(session: Session, enrolment_id: int, *, by: int | None, at: datetime) -> int:
    """Tick off what the program asked about an enrolment, now that somebody decided; how many."""
    answered = session.scalars(
        update(Task)
        .where(Task.enrolment_id == enrolment_id, Task.kind == TaskKind.REVIEW, Task.done_at.is_(None))
        .values(done_at=at, done_by=by)
        .returning(Task.id)
    )
    return len(answered.all())
