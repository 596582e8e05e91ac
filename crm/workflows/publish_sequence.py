"""A sequence is made, published anew, paused or let go on."""

from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.compose.lint import has_errors, lint
from crm.delivery.models import Mailbox
from crm.kernel.errors import ConflictError, CrmError, NotFoundError
from crm.kernel.mail import Language
from crm.sequences import versions
from crm.sequences.models import Sequence, StepKind
from crm.sequences.versions import NewStep


class FaultyTextError(CrmError):
    """A text has a fault, so nothing was published; `faults` names the step (from 1) and says it in words."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__("; ".join(words for _, words in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed."""

    name: str
    language: Language
    steps: Many[NewStep]


def publish_sequence(
    session: Session, draft: Draft, *, sequence_id: int | None, by: int, at: datetime
) -> int:
    """Make a sequence, or publish a new version of one; its id. Audited.

    Whoever is on their way keeps the version they were enrolled in.

    Raises:
        FaultyTextError: an unknown field, a missing default, braces, more than 20 kB (D9).
        ConflictError: another sequence has this name.
        NotFoundError: there is no such sequence, or no mailbox to send from.
    """
    faults = faults_of(draft.steps)
    if faults:
        raise FaultyTextError(faults)
    same = session.scalar(select(Sequence.id).where(Sequence.name == draft.name))
    if same is not None and same != sequence_id:
        raise ConflictError
    row = session.get(Sequence, sequence_id) if sequence_id else _new(session, draft, by, at)
    if row is None:
        raise NotFoundError
    row.name = draft.name
    session.flush()
    version = versions.publish(session, row.id, draft.steps, by=by, at=at)
    chain.append(
        session,
        actor=chain.Actor.staff(by),
        action="sequence.published",
        object=f"sequence {row.id}",
        detail={"version": version, "steps": len(draft.steps)},
        at=at,
    )
    return row.id


def faults_of(steps: Many[NewStep]) -> list[tuple[int, str]]:
    """Everything that keeps these steps from being published, by step."""
    found: list[tuple[int, str]] = []
    for number, step in enumerate(steps, 1):
        if step.kind is StepKind.TASK:
            found += [] if step.body.strip() else [(number, "Say what is to be done.")]
            continue
        if number == 1 and not step.subject.strip():
            found.append((number, "The first mail needs a subject."))
        faults = lint(step.subject or "Same subject", step.body)
        if has_errors(faults):
            found += [
                (number, f"Line {one.line}: {one.words}") for one in faults if one.severity.value == "error"
            ]
    return found


def pause_sequence(session: Session, sequence_id: int, *, paused: bool, by: int, at: datetime) -> None:
    """Stop or start a sequence for everybody in it: no hand-off begins after this is committed. Audited."""
    session.execute(
        update(Sequence).where(Sequence.id == sequence_id).values(paused_at=at if paused else None)
    )
    action = "sequence.paused" if paused else "sequence.resumed"
    chain.append(session, actor=chain.Actor.staff(by), action=action, object=f"sequence {sequence_id}", at=at)


def _new(session: Session, draft: Draft, by: int, at: datetime) -> Sequence:
    mailbox = session.scalar(select(Mailbox.id).order_by(Mailbox.id).limit(1))
    if mailbox is None:
        raise NotFoundError
    row = Sequence(
        name=draft.name, language=draft.language.value, mailbox_id=mailbox, created_by=by, created_at=at
    )
    session.add(row)
    session.flush()
    return row
