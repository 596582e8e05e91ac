"""Drafts of the next version: what was typed, saved as it is, faults and all, one a sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.kernel.mail import Language
from crm.kernel.text import clean_block, one_line
from crm.sequences.models import SequenceDraft, StepKind
from crm.sequences.shape import MAX_DELAY, NewStep, StepText, Version
from crm.sequences.texts import MOST_TEXTS, Words

MOST_STEPS: Final = 20
_drafts = SequenceDraft.metadata.tables["sequence_drafts"]
_d = _drafts.c


@dataclass(frozen=True, slots=True)
class TypedStep:
    """One step as somebody typed it: nothing is checked yet."""

    kind: StepKind = StepKind.EMAIL
    delay: str = "0"
    texts: tuple[Words, ...] = (Words("", ""),)
    lineage: int | None = None

    @property
    def words(self) -> tuple[Words, ...]:
        """Its texts, the first one is A."""
        return self.texts

    @classmethod
    def of(cls, step: StepText) -> "TypedStep":
        """A published step, to be changed."""
        return cls(step.kind, str(step.delay), step.words, step.lineage)

    def to_json(self) -> dict[str, Any]:
        """As it is stored."""
        texts = [{"subject": one.subject, "body": one.body} for one in self.texts]
        return {"kind": self.kind.value, "delay": self.delay, "lineage": self.lineage, "texts": texts}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "TypedStep":
        """As it was stored."""
        texts = tuple(Words(one["subject"], one["body"]) for one in kept["texts"])
        return cls(StepKind(kept["kind"]), kept["delay"], texts, kept["lineage"])


@dataclass(frozen=True, slots=True)
class Typed:
    """A whole draft as somebody typed it."""

    name: str
    language: Language
    mailbox_id: int
    steps: tuple[TypedStep, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it is stored."""

    typed: Typed
    revision: int
    edited_by: int | None
    edited_at: datetime


def read(session: Session, sequence_id: int, *, lock: bool = False) -> Kept | None:
    """The draft of a sequence; None when there is none.

    With `lock` nobody else saves, publishes or discards it until the transaction ends.
    """
    query = select(_drafts).where(_d.sequence_id == sequence_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        return None
    steps = tuple(TypedStep.from_json(one) for one in row.content["steps"])
    typed = Typed(row.name, Language(row.language), row.mailbox_id, steps)
    return Kept(typed, row.revision, row.edited_by, row.edited_at)


def save(
    session: Session, sequence_id: int, typed: Typed, *, seen: int, by: int | None, at: datetime
) -> int | None:
    """Store a draft over the revision that was seen, 0 where there was none; the new revision.

    None when that revision is not there (any more): of two who save at once the second is told.
    """
    values = {
        "name": typed.name,
        "language": typed.language.value,
        "mailbox_id": typed.mailbox_id,
        "content": {"steps": [one.to_json() for one in typed.steps]},
        "revision": seen + 1,
        "edited_by": by,
        "edited_at": at,
    }
    if seen:
        changed = session.execute(
            update(_drafts)
            .where(_d.sequence_id == sequence_id, _d.revision == seen)
            .values(values)
            .returning(_d.revision)
        )
        return changed.scalar_one_or_none()
    try:
        with session.begin_nested():
            session.execute(insert(_drafts).values(sequence_id=sequence_id, **values))
    except IntegrityError:
        return None
    return 1


def discard(session: Session, sequence_id: int) -> bool:
    """Throw a draft away; False when there was none."""
    gone = session.execute(delete(_drafts).where(_d.sequence_id == sequence_id).returning(_d.sequence_id))
    return gone.scalar_one_or_none() is not None


def blank(version: Version | None) -> tuple[TypedStep, ...]:
    """What an editor opens with when there is no draft."""
    return tuple(TypedStep.of(one) for one in version.steps) if version else (TypedStep(),)


def checked(typed: Sequence[TypedStep]) -> tuple[list[NewStep], list[tuple[int, str]]]:
    """The steps as they can be published, and what is wrong with their numbers, by step from 1."""
    steps: list[NewStep] = []
    faults: list[tuple[int, str]] = []
    for number, one in enumerate(typed, 1):
        delay = one.delay.strip()
        if not (delay.isascii() and delay.isdecimal() and int(delay[:4]) <= MAX_DELAY):
            faults.append((number, f"The delay is a number of working days, 0 to {MAX_DELAY}."))
            delay = "0"
        texts = [Words(one_line(text.subject)[:200], clean_block(text.body)) for text in one.texts]
        first, *others = texts[:MOST_TEXTS] or [Words("", "")]
        if one.kind is not StepKind.EMAIL:
            said = (first.body or first.subject) if one.kind is StepKind.TASK else ""
            first, others = Words("", said), []
        steps.append(NewStep(one.kind, int(delay), first.subject, first.body, tuple(others), one.lineage))
    return steps, faults
