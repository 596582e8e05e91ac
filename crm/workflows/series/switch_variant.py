"""Stop or start using one text of a step. What was sent with it, and what came back, stays."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Message, MessageState
from crm.delivery.outbox import WAITING
from crm.kernel.errors import ConflictError, NotFoundError
from crm.sequences import order
from crm.sequences.models import Sequence, SequenceVersion, Step, StepVariant
from crm.workflows.planning.unplan import unplan
from crm.workflows.series.publish_sequence import actor_of


class LastTextError(ConflictError):
    """A step sends one text at least."""

    def __init__(self) -> None:
        super().__init__("This is the only text of the step that is in use. Switch another one on first.")


def switch_variant(
    session: Session, sequence_id: int, variant_id: int, *, on: bool, by: int | None, at: datetime
) -> None:
    """Switch a text on or off, in every version that has it. Audited.

    Switched off, mails with it that still wait are made anew with another text; one that a worker holds
    leaves as it is. Switched on, mails of the step that wait for a colleague are made anew, for what is
    approved is the text that leaves.

    Raises:
        NotFoundError: this sequence has no such text.
        LastTextError: no other text of the step is in use.
    """
    session.get(Sequence, sequence_id, with_for_update=True)  # a planner that read the texts has it in hand
    found = session.execute(
        select(Step.id, Step.lineage, StepVariant.text_key)
        .join(StepVariant, StepVariant.step_id == Step.id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .where(StepVariant.id == variant_id, SequenceVersion.sequence_id == sequence_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError
    in_use = select(func.count()).where(
        StepVariant.step_id == found.id, StepVariant.off_at.is_(None), StepVariant.id != variant_id
    )
    if not on and not session.scalar(in_use):
        raise LastTextError
    same = (
        select(StepVariant.id)
        .join(Step, Step.id == StepVariant.step_id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .where(
            SequenceVersion.sequence_id == sequence_id,
            Step.lineage == found.lineage,
            StepVariant.text_key == found.text_key,
        )
    )
    ids = list(session.scalars(same))
    session.execute(update(StepVariant).where(StepVariant.id.in_(ids)).values(off_at=None if on else at))
    _make_anew(session, _of_the_step(sequence_id, found.lineage) if on else _with_text(ids), at=at)
    chain.append(
        session,
        actor=actor_of(by),
        action="variant.on" if on else "variant.off",
        object=f"sequence {sequence_id}",
        detail={"variant": variant_id},
        at=at,
    )


def _with_text(variant_ids: list[int]) -> ColumnElement[bool]:
    return and_(Message.variant_id.in_(variant_ids), Message.state.in_(WAITING))


def _of_the_step(sequence_id: int, lineage: int) -> ColumnElement[bool]:
    steps = (
        select(Step.id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .where(SequenceVersion.sequence_id == sequence_id, Step.lineage == lineage)
    )
    return and_(Message.step_id.in_(steps), Message.state == MessageState.HELD)


def _make_anew(session: Session, those: ColumnElement[bool], *, at: datetime) -> None:
    ids = session.scalars(select(Message.enrolment_id).where(those))
    for part in order.blocks(one for one in ids if one is not None):
        unplan(session, enrolment_ids=part, at=at)
