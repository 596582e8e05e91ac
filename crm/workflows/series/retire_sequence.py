"""Put a sequence away, bring it back, or delete one that nobody was ever in."""

from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import outbox
from crm.kernel.errors import ConflictError, NotFoundError
from crm.operations import pause_ends
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences import enrolments, order
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import (
    Enrolment,
    Sequence,
    SequenceDraft,
    SequenceVersion,
    Step,
    StepVariant,
    StopReason,
)
from crm.workflows.series.publish_sequence import actor_of


class PeopleInItError(ConflictError):
    """People are or were in it, so it is not deleted: what we sent them must stay answerable."""

    def __init__(self) -> None:
        super().__init__(
            "People are or were in this sequence, so it stays: it says what we sent them. Archive it instead."
        )


def archive_sequence(
    session: Session, sequence_id: int, *, stop_people: bool, by: int | None, at: datetime
) -> int:
    """Enrol nobody new; those on their way go on to the end, or are stopped: how many were. Audited.

    Raises:
        NotFoundError: there is no such sequence.
    """
    _set_archived(session, sequence_id, at)
    stopped = 0
    if stop_people:
        active = select(Enrolment.id).where(Enrolment.sequence_id == sequence_id, Enrolment.state.in_(ACTIVE))
        for part in order.blocks(session.scalars(active)):
            stopped += enrolments.stop(session, part, StopReason.BY_STAFF, at=at, detail="archived")
            outbox.cancel_due(session, enrolment_ids=part, reason="archived", at=at)
    _write(session, "sequence.archived", sequence_id, by, at, stopped=stopped)
    return stopped


def bring_back(session: Session, sequence_id: int, *, by: int | None, at: datetime) -> None:
    """People may be enrolled in it again. Who was stopped stays stopped. Audited.

    Raises:
        NotFoundError: there is no such sequence.
    """
    _set_archived(session, sequence_id, None)
    _write(session, "sequence.brought_back", sequence_id, by, at)


def delete_sequence(session: Session, sequence_id: int, *, by: int | None, at: datetime) -> None:
    """Delete one that nobody was ever enrolled in, with its versions and its draft. Audited.

    Raises:
        PeopleInItError: somebody is or was in it.
        NotFoundError: there is no such sequence.
    """
    # With the row in hand: nobody pauses it until it is gone, and leaves an end of that behind.
    if session.get(Sequence, sequence_id, with_for_update=True) is None:
        raise NotFoundError
    if session.scalar(select(exists().where(Enrolment.sequence_id == sequence_id))):
        raise PeopleInItError
    of_it = select(SequenceVersion.id).where(SequenceVersion.sequence_id == sequence_id)
    steps = select(Step.id).where(Step.version_id.in_(of_it))
    session.execute(delete(StepVariant).where(StepVariant.step_id.in_(steps)))
    session.execute(delete(Step).where(Step.version_id.in_(of_it)))
    session.execute(delete(SequenceVersion).where(SequenceVersion.sequence_id == sequence_id))
    session.execute(delete(SequenceDraft).where(SequenceDraft.sequence_id == sequence_id))
    pause_ends.put(session, str(Scope(Reach.SEQUENCE, sequence_id)), None, by=by)
    session.execute(delete(Sequence).where(Sequence.id == sequence_id))
    _write(session, "sequence.deleted", sequence_id, by, at)


def _set_archived(session: Session, sequence_id: int, at: datetime | None) -> None:
    changed = session.scalars(
        update(Sequence).where(Sequence.id == sequence_id).values(archived_at=at).returning(Sequence.id)
    )
    if changed.one_or_none() is None:
        raise NotFoundError


def _write(
    session: Session, action: str, sequence_id: int, by: int | None, at: datetime, **detail: int
) -> None:
    chain.append(
        session, actor=actor_of(by), action=action, object=f"sequence {sequence_id}", detail=detail, at=at
    )
