"""What a version is: its steps and their texts, as values."""

from dataclasses import dataclass
from typing import Final

from crm.kernel.mail import Language
from crm.sequences.models import StepKind
from crm.sequences.texts import Variant, Words

MAX_DELAY: Final = 60  # working days


@dataclass(frozen=True, slots=True)
class StepText:
    """One step, as it was published."""

    id: int
    position: int
    kind: StepKind
    delay: int
    """Working days after the step before."""

    subject: str
    """Empty: it continues the thread of the mail before. All texts of a step have one, or none has."""

    body: str
    lineage: int = 0
    """Which step it is, in every version of its sequence."""

    variants: tuple[Variant, ...] = ()
    """Two to four texts, the first is `subject` and `body`; none where the step has one text only."""

    @property
    def words(self) -> tuple[Words, ...]:
        """Its texts, the first one is A."""
        return tuple(one.words for one in self.variants) or (Words(self.subject, self.body),)


@dataclass(frozen=True, slots=True)
class Version:
    """What a sequence says to those who were enrolled in it."""

    id: int
    sequence_id: int
    steps: tuple[StepText, ...]
    """By position, the first is 1."""

    def step(self, position: int) -> StepText | None:
        """The step at a position, or None behind the last one."""
        return self.steps[position - 1] if 0 < position <= len(self.steps) else None

    def begins_thread(self, position: int) -> StepText | None:
        """The step whose mail begins the thread that a step's mail stands in: itself, or one before."""
        return next((one for one in reversed(self.steps[:position]) if one.subject), None)


@dataclass(frozen=True, slots=True)
class Head:
    """What holds for all versions of a sequence, and may change."""

    id: int
    mailbox_id: int
    language: Language
    is_archived: bool = False
    first_waits: bool = False
    """The first mail to each person waits for a colleague's approval."""


@dataclass(frozen=True, slots=True)
class NewStep:
    """One step of a version that is about to be published."""

    kind: StepKind
    delay: int
    subject: str
    body: str
    others: tuple[Words, ...] = ()
    """Texts B, C and D of a mail."""

    lineage: int | None = None
    """The step of earlier versions it is a new wording of; None: it is a new step."""

    @property
    def words(self) -> tuple[Words, ...]:
        """Its texts, the first one is A."""
        return (Words(self.subject, self.body), *self.others)
