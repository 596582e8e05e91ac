"""A colleague writes down what was said, and what comes next; and takes it back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.conversations import notes, tasks
from crm.conversations.models import Note, NoteKind, Task
from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.sequences.models import StopReason
from crm.sequences.reopening import reopen, stop_for_now
from crm.workflows.sending.resume import resume
from crm.workflows.sending.unplan import unplan

_BECAUSE = "meeting_noted"


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
    """Keep a note and its follow-up. After a meeting people talk: it ends their sequence.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    if session.get(Prospect, prospect_id) is None:
        raise NotFoundError
    note, is_new = notes.add(
        session, prospect_id, said.body, kind=said.kind, by=by, at=now, dedupe_key=said.dedupe_key
    )
    if not is_new:
        return note, tasks.of_note(session, note.id)
    if said.kind is NoteKind.MEETING:
        _met(session, prospect_id, at=now)
    if said.follow_up_at is None:
        return note, None
    title = said.body.splitlines()[0][:120]
    task = tasks.promise(
        session, prospect_id, title, due_at=said.follow_up_at, assignee_id=by, now=now, note_id=note.id
    )
    return note, task


def take_back_note(session: Session, note_id: int, *, by: int, now: datetime) -> bool:
    """Undo a note with all it did: its follow-up, and for a meeting the stage and the end of their sequence.

    False when it is a colleague's, or was taken back already. It can be brought back for a day.
    """
    note = notes.take_back(session, note_id, by=by, at=now)
    if note is None:
        return False
    if note.kind is NoteKind.MEETING:
        statuses.undo(session, note.prospect_id, because=_BECAUSE, made_at=note.happened_at, at=now, by=by)
        person, then = note.prospect_id, note.happened_at
        resume(session, reopen(session, person, StopReason.MEETING, stopped_at=then), now=now)
    return True


def bring_back_note(session: Session, note_id: int, *, by: int, now: datetime) -> bool:
    """Undo the undo; False when it was taken back more than a day ago."""
    note = notes.bring_back(session, note_id, by=by, at=now)
    if note is None:
        return False
    if note.kind is NoteKind.MEETING:
        _met(session, note.prospect_id, at=now)
    return True


def _met(session: Session, prospect_id: int, *, at: datetime) -> None:
    statuses.advance(session, prospect_id, Status.MEETING, at=at, because=_BECAUSE)
    unplan(session, prospect_ids=[prospect_id], at=at)
    stop_for_now(session, prospect_id, StopReason.MEETING, at=at)
