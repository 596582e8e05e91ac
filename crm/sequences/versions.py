"""Versions of sequences: what each step says. Published once, never changed, so kept in memory."""

from collections.abc import Collection, Sequence
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.orm import Session

from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.kernel.prepared import Prepared, one_of
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.models import SequenceVersion, Step, StepVariant
from crm.sequences.shape import MAX_DELAY, Head, NewStep, StepText, Version
from crm.sequences.texts import MOST_TEXTS, Variant, Words

__all__ = [
    "MAX_DELAY",
    "Head",
    "NewStep",
    "StepText",
    "Version",
    "heads",
    "load",
    "newest",
    "newest_id",
    "publish",
    "read",
    "switched_off",
]


def publish(
    session: Session, sequence_id: int, steps: Sequence[NewStep], *, by: int | None, at: datetime
) -> int:
    """Make a new version; its id. Whoever is on their way keeps the version they were enrolled in.

    A text that was switched off in the version before is off in this one. The caller has linted the texts.

    Raises:
        ValueError: no step, a delay that is not 0 to 60 working days, or more than four texts.
    """
    if not steps or any(not 0 <= step.delay <= MAX_DELAY for step in steps):
        raise ValueError("a version has at least one step, and delays of 0 to 60 working days")
    if any(len(step.others) >= MOST_TEXTS for step in steps):
        raise ValueError("a step has at most four texts")
    newest = session.scalar(
        select(func.max(SequenceVersion.number)).where(SequenceVersion.sequence_id == sequence_id)
    )
    version = SequenceVersion(
        sequence_id=sequence_id, number=(newest or 0) + 1, published_at=at, published_by=by
    )
    off = _off_texts(session, sequence_id)
    rows = [
        Step(
            position=position,
            lineage=lineage,
            kind=step.kind,
            delay=step.delay,
            subject=step.subject,
            body=step.body,
        )
        for position, (step, lineage) in enumerate(
            zip(steps, _lineages(session, sequence_id, steps), strict=True), 1
        )
    ]
    session.add(version)
    session.flush()
    for row, step in zip(rows, steps, strict=True):
        row.version_id = version.id
        session.add(row)
        session.flush()
        _add_variants(session, row, step, off)
    return version.id


def _lineages(session: Session, sequence_id: int, steps: Sequence[NewStep]) -> list[int]:
    """Old steps keep their number, new ones get fresh ones; no number is given twice."""
    query = select(Step.lineage).join(SequenceVersion).where(SequenceVersion.sequence_id == sequence_id)
    free = set(session.scalars(query))
    fresh = max(free, default=0)
    found = []
    for step in steps:
        if step.lineage in free:
            free.discard(step.lineage)
            found.append(step.lineage)
        else:
            fresh += 1
            found.append(fresh)
    return found


def _off_texts(session: Session, sequence_id: int) -> dict[tuple[int, str], datetime]:
    query = (
        select(Step.lineage, StepVariant.text_key, StepVariant.off_at)
        .join(Step, Step.id == StepVariant.step_id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .where(SequenceVersion.sequence_id == sequence_id, StepVariant.off_at.is_not(None))
    )
    return {(lineage, key): at for lineage, key, at in session.execute(query) if at is not None}


def _add_variants(session: Session, row: Step, step: NewStep, off: dict[tuple[int, str], datetime]) -> None:
    if not step.others:
        return
    offs = [off.get((row.lineage, words.key)) for words in step.words]
    for number, words in enumerate(step.words, 1):
        session.add(
            StepVariant(
                step_id=row.id,
                number=number,
                subject=words.subject,
                body=words.body,
                text_key=words.key,
                off_at=offs[number - 1] if None in offs else None,  # one of them is in use
            )
        )
    session.flush()


def newest(session: Session, sequence_id: int) -> Version:
    """The version that new people are enrolled in.

    Raises:
        NotFoundError: there is no such sequence, or nothing of it was published.
    """
    version_id = newest_id(session, sequence_id)
    if version_id is None:
        raise NotFoundError
    return read(session, [version_id])[version_id]


def newest_id(session: Session, sequence_id: int) -> int | None:
    """Its id; None when nothing was published."""
    return session.scalar(
        select(SequenceVersion.id)
        .where(SequenceVersion.sequence_id == sequence_id)
        .order_by(SequenceVersion.number.desc())
        .limit(1)
    )


_kept: WeakKeyDictionary[Engine | Connection, dict[int, Version]] = WeakKeyDictionary()
_lock = Lock()


def load(session: Session, version_ids: Collection[int]) -> dict[int, Version]:
    """Committed versions by id; ids without one are left out. Read once a process."""
    with _lock:
        known = _kept.setdefault(session.get_bind(), {})
    missing = set(version_ids) - known.keys()
    if missing:
        known |= read(session, missing)
    return {version_id: known[version_id] for version_id in version_ids if version_id in known}


_v = StepVariant.metadata.tables["step_variants"].c
_OFF = Prepared(select(_v.id).where(one_of(_v.step_id, "steps"), _v.off_at.is_not(None)))


def switched_off(session: Session, version_list: Collection[Version]) -> frozenset[int]:
    """Texts of these versions that nobody gets any more. Asked each time: it may change."""
    steps = [step.id for version in version_list for step in version.steps if step.variants]
    return frozenset(row[0] for row in _OFF.rows(session, steps=steps)) if steps else frozenset()


def heads(session: Session, sequence_ids: Collection[int]) -> dict[int, Head]:
    """Sequences by id, as they stand now."""
    query = select(
        SequenceRow.id,
        SequenceRow.mailbox_id,
        SequenceRow.language,
        SequenceRow.archived_at,
        SequenceRow.first_waits,
    ).where(SequenceRow.id.in_(sequence_ids))
    return {
        sequence_id: Head(sequence_id, mailbox_id, Language(language), archived_at is not None, first_waits)
        for sequence_id, mailbox_id, language, archived_at, first_waits in session.execute(query)
    }


def first_waits(session: Session, sequence_ids: Collection[int]) -> dict[int, bool]:
    """Which sequences hold the first mail to each person, in the order of their numbers.

    Nobody changes them until the end of this transaction; several planners may have them so.
    """
    query = select(SequenceRow.id, SequenceRow.first_waits).where(SequenceRow.id.in_(sequence_ids))
    query = query.order_by(SequenceRow.id)
    return dict(session.execute(query.with_for_update(read=True)).all())


def read(session: Session, version_ids: Collection[int]) -> dict[int, Version]:
    """Versions by id, from the database."""
    variants: dict[int, list[Variant]] = {}
    of_versions = select(Step.id).where(Step.version_id.in_(version_ids))
    texts = (
        select(
            StepVariant.step_id, StepVariant.id, StepVariant.number, StepVariant.subject,
            StepVariant.body, StepVariant.text_key,
        )
        .where(StepVariant.step_id.in_(of_versions))
        .order_by(StepVariant.number)
    )  # fmt: skip
    for step_id, variant_id, number, subject, body, key in session.execute(texts):
        variants.setdefault(step_id, []).append(Variant(variant_id, number, Words(subject, body), key))
    steps: dict[int, list[StepText]] = {}
    query = (
        select(
            Step.version_id, Step.id, Step.position, Step.kind, Step.delay, Step.subject, Step.body,
            Step.lineage,
        )
        .where(Step.version_id.in_(version_ids))
        .order_by(Step.position)
    )  # fmt: skip
    for row in session.execute(query):
        found = StepText(*row[1:], variants=tuple(variants.get(row[1], ())))
        steps.setdefault(row[0], []).append(found)
    versions = select(SequenceVersion.id, SequenceVersion.sequence_id).where(
        SequenceVersion.id.in_(version_ids)
    )
    return {
        version_id: Version(version_id, sequence_id, tuple(steps.get(version_id, ())))
        for version_id, sequence_id in session.execute(versions)
    }
