"""How the texts of each step do beside each other: who got which, and who answered that mail in person."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from crm.delivery.models import Message
from crm.delivery.states import LEFT
from crm.replies.models import InboundMail
from crm.sequences import versions
from crm.sequences.models import SequenceVersion, Step, StepVariant
from crm.sequences.shape import StepText
from crm.sequences.texts import Variant
from crm.sequences.wilson import FEWEST, Share, winner


@dataclass(frozen=True, slots=True)
class Arm:
    """One text."""

    variant: Variant
    is_off: bool
    replied: Share
    """Of the people it went to; the same words in earlier versions of the step count as well."""


@dataclass(frozen=True, slots=True)
class Compared:
    """The texts of one step of the newest version."""

    step: StepText
    arms: tuple[Arm, ...]

    @property
    def judged(self) -> tuple[Arm, ...]:
        """Without the texts that were switched off before anything could be told of them."""
        return tuple(arm for arm in self.arms if not arm.is_off or arm.replied.whole >= FEWEST)

    @property
    def winner(self) -> Arm | None:
        """The text that surely gets more replies; None while intervals overlap."""
        place = winner([arm.replied for arm in self.judged])
        return None if place is None else self.judged[place]


def compared(session: Session, sequence_id: int) -> list[Compared]:
    """Steps with several texts, in order. Openings play no part."""
    newest = versions.newest_id(session, sequence_id)
    if newest is None:
        return []
    version = versions.read(session, [newest])[newest]
    steps = [step for step in version.steps if step.variants]
    if not steps:
        return []
    off = versions.switched_off(session, [version])
    sent, replied = _counts(session, sequence_id, replied=False), _counts(session, sequence_id, replied=True)
    return [
        Compared(
            step,
            tuple(
                Arm(
                    one,
                    one.id in off,
                    Share(replied.get((step.lineage, one.key), 0), sent.get((step.lineage, one.key), 0)),
                )
                for one in step.variants
            ),
        )
        for step in steps
    ]


def _counts(session: Session, sequence_id: int, *, replied: bool) -> dict[tuple[int, str], int]:
    people: ColumnElement[int] = func.count(func.distinct(Message.prospect_id))
    query = (
        select(Step.lineage, StepVariant.text_key, people)
        .select_from(Step)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .join(StepVariant, StepVariant.step_id == Step.id)
        .join(Message, Message.step_id == Step.id)
        .where(
            SequenceVersion.sequence_id == sequence_id,
            Message.variant_id == StepVariant.id,
            Message.state.in_(LEFT),
        )
        .group_by(Step.lineage, StepVariant.text_key)
    )
    if replied:
        query = query.where(Message.id.in_(_answered()))
    return {(lineage, key): number for lineage, key, number in session.execute(query)}


def _answered() -> Select[int]:
    """The mails people answered; an answer that names none is one to the last that left for them before."""
    before = aliased(Message)
    last = (
        select(before.id)
        .where(
            before.prospect_id == InboundMail.prospect_id,
            before.state.in_(LEFT),
            before.sent_at <= InboundMail.received_at,
        )
        .order_by(before.sent_at.desc(), before.id.desc())
        .limit(1)
        .correlate(InboundMail)
        .scalar_subquery()
    )
    return select(func.coalesce(InboundMail.message_id, last)).where(
        InboundMail.kind == "person", InboundMail.prospect_id.is_not(None)
    )
