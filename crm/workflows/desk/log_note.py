"""A colleague writes down what was said, and what comes next; and takes it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy.orm import Session

from crm.conversations import notes, tasks
from crm.conversations.models import Note, NoteKind, Task
from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.sequences import order
from crm.sequences.models import StopReason
from crm.sequences.reopening import reopen, stop_for_now
from crm.workflows.holding.resume import resume
from crm.workflows.planning.unplan import unplan

_BECAUSE = "meeting_noted"


@dataclass(frozen=True, slots=True)
class Said:
    """What the colleague typed."""

    kind: NoteKind
    body: str
    follow_up_at: datetime | None = None
    dedupe_key: str | None = None
    """One press of the button; a repeated request is the same note."""


class Logged(NamedTuple):
    """A note as it is kept."""

    note: Note
    task: Task | None
    """The follow-up it promised."""

    is_new: bool
    """False: it was here already, and nothing was done twice."""


def log_note(session: Session, prospect_id: int, said: Said, *, by: int, now: datetime) -> Logged:
    """Keep a note and its follow-up. After a meeting people talk: it ends their sequence.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    if session.get(Prospect, prospect_id) is None:
        raise NotFoundError
    known = _known(session, prospect_id, said, by=by, now=now)
    if known is not None:
        return known
    note, is_new = notes.add(
        session, prospect_id, said.body, kind=said.kind, by=by, at=now, dedupe_key=said.dedupe_key
    )
    if not is_new:
        return Logged(note, tasks.of_note(session, note.id), is_new=False)
    if said.kind is NoteKind.MEETING:
        _met(session, prospect_id, at=now)
    if said.follow_up_at is None:
        return Logged(note, None, is_new=True)
    title = said.body.splitlines()[0][:120]
    task = tasks.promise(
        session, prospect_id, title, due_at=said.follow_up_at, assignee_id=by, now=now, note_id=note.id
    )
    return Logged(note, task, is_new=True)


def _known(session: Session, prospect_id: int, said: Said, *, by: int, now: datetime) -> Logged | None:
    """The same words of a moment ago with the same promise; with another one they are a new note."""
    note = notes.just_written(session, prospect_id, said.body, kind=said.kind, by=by, at=now)
    if note is None:
        return None
    task = tasks.of_note(session, note.id)
    is_same = (task.due_at if task else None) == said.follow_up_at
    return Logged(note, task, is_new=False) if is_same else None


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
    order.lock_of(session, [prospect_id])
    statuses.advance(session, prospect_id, Status.MEETING, at=at, because=_BECAUSE)
    unplan(session, prospect_ids=[prospect_id], at=at)
    stop_for_now(session, prospect_id, StopReason.MEETING, at=at)
