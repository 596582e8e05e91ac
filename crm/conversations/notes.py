"""Notes: written in one stroke, taken back as easily."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.conversations.models import Note, NoteKind, Task

UNDO = timedelta(days=1)
"""A note that was taken back can be brought back this long; then it is cleared away for good."""

AGAIN = timedelta(minutes=5)
"""The same words from the same colleague within this time were sent twice, not said twice."""

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
) -> tuple[Note, bool]:
    """Keep a note. The same `dedupe_key` twice (a button pressed twice, a repeated request) is one note.

    Returns:
        The note, and whether it is new.
    """
    known = _known(session, dedupe_key)
    if known is not None:
        return known, False
    note = Note(
        prospect_id=prospect_id, kind=kind, body=body, author_id=by, happened_at=at, dedupe_key=dedupe_key
    )
    try:
        with session.begin_nested():
            session.add(note)
    except IntegrityError:
        known = _known(session, dedupe_key)  # the other of two at once
        if known is None:
            raise
        return known, False
    return note, True


def _known(session: Session, dedupe_key: str | None) -> Note | None:
    if not dedupe_key:
        return None
    return session.scalar(select(Note).where(Note.dedupe_key == dedupe_key))


def just_written(
    session: Session, prospect_id: int, body: str, *, kind: NoteKind, by: int, at: datetime
) -> Note | None:
    """The note that this colleague wrote here a moment ago in the very same words, unless they took it back.

    Who goes back to a form gets it anew from us, with a key of its own, and their words from the browser:
    no key of the form tells that press from the first one.
    """
    return session.scalar(
        select(Note)
        .where(
            Note.prospect_id == prospect_id,
            Note.author_id == by,
            Note.kind == kind,
            Note.body == body,
            Note.happened_at > at - AGAIN,
            Note.happened_at <= at,
            Note.removed_at.is_(None),
        )
        .order_by(Note.id.desc())
        .limit(1)
    )


def take_back(session: Session, note_id: int, *, by: int, at: datetime) -> Note | None:
    """Hide a note of one's own with what it promised; None when it is not theirs, or hidden already."""
    return session.scalar(
        update(Note)
        .where(Note.id == note_id, Note.author_id == by, Note.removed_at.is_(None))
        .values(removed_at=at)
        .returning(Note)
    )


def bring_back(session: Session, note_id: int, *, by: int, at: datetime) -> Note | None:
    """Show a note again that one took back less than a day ago."""
    return session.scalar(
        update(Note)
        .where(Note.id == note_id, Note.author_id == by, Note.removed_at >= at - UNDO)
        .values(removed_at=None)
        .returning(Note)
    )


def clear_away(session: Session, *, at: datetime) -> int:
    """Delete what was taken back more than a day ago, and the follow-ups it promised; how many notes."""
    over = Note.removed_at < at - UNDO
    # First: without its note a follow-up would stand on the list again.
    session.execute(delete(Task).where(Task.done_at.is_(None), Task.note_id.in_(select(Note.id).where(over))))
    gone = session.scalars(delete(Note).where(over).returning(Note.id))
    return len(gone.all())
