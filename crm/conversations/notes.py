"""Notes: written in one stroke, taken back as easily."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from crm.conversations.models import Note, NoteKind

UNDO = timedelta(days=1)
"""A note that was taken back can be brought back this long; then it is cleared away for good."""

LONGEST = 20_000  # characters


def add(  # noqa: PLR0913 - all but two by name
    session: Session,
    prospect_id: int,
    body: str,
    *,
    kind: NoteKind,
    by: int,
    at: datetime,
    dedupe_key: str | None = None,
) -> Note:
    """Keep a note. The same `dedupe_key` twice (a button pressed twice, a repeated request) is one note."""
    known = session.scalar(select(Note).where(Note.dedupe_key == dedupe_key)) if dedupe_key else None
    if known is not None:
        return known
    note = Note(
        prospect_id=prospect_id, kind=kind, body=body, author_id=by, happened_at=at, dedupe_key=dedupe_key
    )
    session.add(note)
    session.flush()
    return note


def take_back(session: Session, note_id: int, *, by: int, at: datetime) -> bool:
    """Hide a note of one's own; False when it is somebody else's, or hidden already."""
    changed = session.scalars(
        update(Note)
        .where(Note.id == note_id, Note.author_id == by, Note.removed_at.is_(None))
        .values(removed_at=at)
        .returning(Note.id)
    )
    return changed.one_or_none() is not None


def bring_back(session: Session, note_id: int, *, by: int, at: datetime) -> bool:
    """Show a note again that one took back less than a day ago."""
    changed = session.scalars(
        update(Note)
        .where(Note.id == note_id, Note.author_id == by, Note.removed_at >= at - UNDO)
        .values(removed_at=None)
        .returning(Note.id)
    )
    return changed.one_or_none() is not None


def clear_away(session: Session, *, at: datetime) -> int:
    """Delete what was taken back more than a day ago; how many."""
    gone = session.scalars(delete(Note).where(Note.removed_at < at - UNDO).returning(Note.id))
    return len(gone.all())
