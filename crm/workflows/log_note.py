"""A colleague writes down what was said, and what comes next."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.conversations import notes, tasks
from crm.conversations.models import Note, NoteKind, Task
from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status


@dataclass(frozen=True, slots=True)
class Said:
    """What the colleague typed."""

    kind: NoteKind
    body: str
    follow_up_at: datetime | None = None
    dedupe_key: str | None = None
    """One press of the button; a repeated request is the same note."""


def log_note(
    session: Session, prospect_id: int, said: Said, *, by: int, now: datetime
) -> tuple[Note, Task | None]:
    """Keep a note and its follow-up. A meeting that took place is a step forward.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    if session.get(Prospect, prospect_id) is None:
        raise NotFoundError
    note = notes.add(
        session, prospect_id, said.body, kind=said.kind, by=by, at=now, dedupe_key=said.dedupe_key
    )
    if said.kind is NoteKind.MEETING:
        statuses.advance(session, prospect_id, Status.MEETING, at=now, because="meeting_noted")
    if said.follow_up_at is None:
        return note, None
    title = said.body.splitlines()[0][:120]
    task = tasks.promise(
        session, prospect_id, title, due_at=said.follow_up_at, assignee_id=by, now=now, note_id=note.id
    )
    return note, task
