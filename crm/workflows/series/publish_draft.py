"""Publish a draft that somebody has looked at, for new people, or for those on their way as well."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from crm.kernel.errors import NotFoundError
from crm.sequences import drafts, versions
from crm.workflows.series.move_enrolments import Moved, move_enrolments
from crm.workflows.series.publish_sequence import Draft, FaultyTextError, publish_sequence
from crm.workflows.series.save_draft import SavedMeanwhileError


class PublishedMeanwhileError(SavedMeanwhileError):
    """A colleague published a version since this draft was looked at. Nothing of theirs is lost."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the colleague saw when they said yes."""

    revision: int
    """Of the draft."""

    version_id: int | None
    """The newest version, with which the draft was compared; None: there was none."""

    move_up_to: int | None = None
    """Move those on their way: enrolments up to this id, the last that was named to them. None: nobody."""


def publish_draft(
    session: Session, sequence_id: int, looked: Looked, *, by: int | None, at: datetime
) -> Moved:
    """Publish exactly what was looked at; who was moved to it. Audited.

    Raises:
        PublishedMeanwhileError: it, or another version, was published since.
        SavedMeanwhileError: the draft is another one by now.
        FaultyTextError, NameTakenError: as `publish_sequence`.
        NotFoundError: there is no such sequence, or no draft of it.
    """
    # Two who publish at once are one after the other: whoever waited here finds the other's version.
    kept = drafts.read(session, sequence_id, lock=True)
    if versions.newest_id(session, sequence_id) != looked.version_id:
        raise PublishedMeanwhileError
    if kept is None:
        raise NotFoundError
    if kept.revision != looked.revision:
        raise SavedMeanwhileError
    steps, faults = drafts.checked(kept.typed.steps)
    if faults:
        raise FaultyTextError(faults)
    typed = kept.typed
    draft = Draft(typed.name, typed.language, steps, typed.mailbox_id)
    publish_sequence(session, draft, sequence_id=sequence_id, by=by, at=at)
    drafts.discard(session, sequence_id)
    if looked.move_up_to is None:
        return Moved()
    return move_enrolments(session, sequence_id, up_to=looked.move_up_to, by=by, at=at)
