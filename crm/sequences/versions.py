"""Versions of sequences: what each step says. Published once, never changed, so kept in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.orm import Session

from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.models import SequenceVersion, Step, StepKind

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
    """Empty: it continues the thread of the mail before."""

    body: str


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

    def mail_before(self, position: int) -> StepText | None:
        """The last mail before a position: what a follow-up answers to."""
        mails = [step for step in self.steps[: position - 1] if step.kind is StepKind.EMAIL]
        return mails[-1] if mails else None


@dataclass(frozen=True, slots=True)
class Head:
    """What holds for all versions of a sequence, and may change."""

    id: int
    mailbox_id: int
    language: Language


@dataclass(frozen=True, slots=True)
class NewStep:
    """One step of a version that is about to be published."""

    kind: StepKind
    delay: int
    subject: str
    body: str


def publish(
    session: Session, sequence_id: int, steps: Sequence[NewStep], *, by: int | None, at: datetime
) -> int:
    """Make a new version; its id. Whoever is on their way keeps the version they were enrolled in.

    The caller has linted the texts.

    Raises:
        ValueError: no step, or a delay that is not 0 to 60 working days.
    """
    if not steps or any(not 0 <= step.delay <= MAX_DELAY for step in steps):
        raise ValueError("a version has at least one step, and delays of 0 to 60 working days")
    newest = session.scalar(
        select(func.max(SequenceVersion.number)).where(SequenceVersion.sequence_id == sequence_id)
    )
    version = SequenceVersion(
        sequence_id=sequence_id, number=(newest or 0) + 1, published_at=at, published_by=by
    )
    session.add(version)
    session.flush()
    for position, step in enumerate(steps, 1):
        session.add(
            Step(
                version_id=version.id,
                position=position,
                kind=step.kind,
                delay=step.delay,
                subject=step.subject,
                body=step.body,
            )
        )
    session.flush()
    return version.id


def newest(session: Session, sequence_id: int) -> Version:
    """The version that new people are enrolled in.

    Raises:
        NotFoundError: there is no such sequence, or nothing of it was published.
    """
    version_id = session.scalar(
        select(SequenceVersion.id)
        .where(SequenceVersion.sequence_id == sequence_id)
        .order_by(SequenceVersion.number.desc())
        .limit(1)
    )
    if version_id is None:
        raise NotFoundError
    return _read(session, [version_id])[version_id]


_kept: WeakKeyDictionary[Engine | Connection, dict[int, Version]] = WeakKeyDictionary()
_lock = Lock()


def load(session: Session, version_ids: Collection[int]) -> dict[int, Version]:
    """Committed versions by id; ids without one are left out. Read once a process."""
    with _lock:
        known = _kept.setdefault(session.get_bind(), {})
    missing = set(version_ids) - known.keys()
    if missing:
        known |= _read(session, missing)
    return {version_id: known[version_id] for version_id in version_ids if version_id in known}


def heads(session: Session, sequence_ids: Collection[int]) -> dict[int, Head]:
    """Sequences by id, as they stand now."""
    query = select(SequenceRow.id, SequenceRow.mailbox_id, SequenceRow.language).where(
        SequenceRow.id.in_(sequence_ids)
    )
    return {
        sequence_id: Head(sequence_id, mailbox_id, Language(language))
        for sequence_id, mailbox_id, language in session.execute(query)
    }


def _read(session: Session, version_ids: Collection[int]) -> dict[int, Version]:
    steps: dict[int, list[StepText]] = {}
    query = (
        select(Step.version_id, Step.id, Step.position, Step.kind, Step.delay, Step.subject, Step.body)
        .where(Step.version_id.in_(version_ids))
        .order_by(Step.position)
    )
    for row in session.execute(query):
        steps.setdefault(row[0], []).append(StepText(*row[1:]))
    versions = select(SequenceVersion.id, SequenceVersion.sequence_id).where(
        SequenceVersion.id.in_(version_ids)
    )
    return {
        version_id: Version(version_id, sequence_id, tuple(steps.get(version_id, ())))
        for version_id, sequence_id in session.execute(versions)
    }
