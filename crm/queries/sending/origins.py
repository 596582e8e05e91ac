"""Where a mail of a sequence came from: which step, which version, which of its texts."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.sequences.models import Sequence, SequenceVersion, Step, StepVariant
from crm.sequences.texts import LETTERS


@dataclass(frozen=True, slots=True)
class Origin:
    """What a mail was made from; all of it stays as it was."""

    sequence_id: int
    sequence: str
    version: int
    position: int
    letter: str
    """Which text; empty where the step had one only."""

    @property
    def words(self) -> str:
        """`Voorjaar, version 2, step 1, text B`."""
        text = f", text {self.letter}" if self.letter else ""
        return f"{self.sequence}, version {self.version}, step {self.position}{text}"


def origins(session: Session, message_ids: Collection[int]) -> dict[int, Origin]:
    """By message; those of no sequence are left out."""
    query = (
        select(
            Message.id, Sequence.id, Sequence.name, SequenceVersion.number, Step.position, StepVariant.number
        )
        .join(Step, Step.id == Message.step_id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .join(Sequence, Sequence.id == SequenceVersion.sequence_id)
        .outerjoin(StepVariant, StepVariant.id == Message.variant_id)
        .where(Message.id.in_(message_ids))
    )
    return {
        message_id: Origin(sequence_id, name, version, position, LETTERS[number - 1] if number else "")
        for message_id, sequence_id, name, version, position, number in session.execute(query)
    }
