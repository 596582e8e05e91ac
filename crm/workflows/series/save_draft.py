"""Save what somebody typed of the next version, without publishing it; or throw it away."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.kernel.errors import ConflictError, NotFoundError
from crm.sequences import drafts
from crm.sequences.drafts import Typed
from crm.sequences.models import Sequence
from crm.workflows.series.publish_sequence import Draft, begin_sequence, check_name


class SavedMeanwhileError(ConflictError):
    """A colleague saved, published or discarded this draft since it was opened. Nothing of theirs is lost."""

    def __init__(self) -> None:
        super().__init__("A colleague changed this draft in the meantime. Nothing was saved.")


def save_draft(
    session: Session, typed: Typed, *, sequence_id: int | None, seen: int, by: int | None, at: datetime
) -> tuple[int, int]:
    """Keep a draft, faults and all; the sequence's id and the draft's revision.

    A new sequence begins with one. `seen` is the revision that was typed over, 0 where there was no draft.

    Raises:
        SavedMeanwhileError: there is another one by now.
        NameTakenError: another sequence has this name.
        NotFoundError: there is no such sequence, or no mailbox to send from.
    """
    check_name(session, typed.name, sequence_id=sequence_id)
    if sequence_id is None:
        first = Draft(typed.name, typed.language, (), typed.mailbox_id)
        sequence_id = begin_sequence(session, first, by=by, at=at).id
    elif session.get(Sequence, sequence_id) is None:
        raise NotFoundError
    revision = drafts.save(session, sequence_id, typed, seen=seen, by=by, at=at)
    if revision is None:
        raise SavedMeanwhileError
    return sequence_id, revision


def discard_draft(session: Session, sequence_id: int, *, seen: int) -> bool:
    """Throw a draft away; False when there is none.

    Raises:
        SavedMeanwhileError: a colleague has saved it since.
    """
    kept = drafts.read(session, sequence_id, lock=True)
    if kept is None:
        return False
    if kept.revision != seen:
        raise SavedMeanwhileError
    return drafts.discard(session, sequence_id)
