"""A sequence is made, published anew, paused or let go on."""

from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.compose.lint import has_errors, lint
from crm.delivery.models import Mailbox
from crm.kernel.errors import ConflictError, CrmError, NotFoundError
from crm.kernel.mail import Language
from crm.permission.budgets import Budgets
from crm.queries.pages.limits import budgets_held
from crm.sequences import versions
from crm.sequences.models import Sequence, StepKind
from crm.sequences.shape import NewStep
from crm.sequences.texts import LETTERS


class FaultyTextError(CrmError):
    """A text has a fault, so nothing was published; `faults` names the step (from 1) and says it in words."""

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"step {step}: {words}" if step else words for step, words in faults))
        self.faults = faults


class NameTakenError(ConflictError):
    """Another sequence has this name."""

    def __init__(self) -> None:
        super().__init__("Another sequence has this name.")


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody typed, checked."""

    name: str
    language: Language
    steps: Many[NewStep]
    mailbox_id: int | None = None
    """None: the mailbox it has, or the first one."""


def publish_sequence(
    session: Session, draft: Draft, *, sequence_id: int | None, by: int | None, at: datetime
) -> int:
    """Make a sequence, or publish a new version of one; its id. Audited.

    Whoever is on their way keeps the version they were enrolled in. The language of a sequence stays what it
    was: its frame is in it for everybody who is on their way.

    Raises:
        FaultyTextError: an unknown field, a missing default, braces, more than 20 kB (D9).
        NameTakenError: another sequence has this name.
        NotFoundError: there is no such sequence, or no mailbox to send from.
    """
    faults = faults_of(draft.steps, budgets_held(session))
    if faults:
        raise FaultyTextError(faults)
    check_name(session, draft.name, sequence_id=sequence_id)
    row = session.get(Sequence, sequence_id) if sequence_id else begin_sequence(session, draft, by=by, at=at)
    if row is None:
        raise NotFoundError
    row.name = draft.name
    row.mailbox_id = draft.mailbox_id or row.mailbox_id
    if versions.newest_id(session, row.id) is None:
        row.language = draft.language.value
    session.flush()
    version = versions.publish(session, row.id, draft.steps, by=by, at=at)
    chain.append(
        session,
        actor=actor_of(by),
        action="sequence.published",
        object=f"sequence {row.id}",
        detail={"version": version, "steps": len(draft.steps)},
        at=at,
    )
    return row.id


def actor_of(by: int | None) -> chain.Actor:
    """A colleague, or whoever has the machine."""
    return chain.Actor.staff(by) if by is not None else chain.OWNER


def check_name(session: Session, name: str, *, sequence_id: int | None) -> None:
    """Make sure that no other sequence has it.

    Raises:
        NameTakenError: one has.
    """
    same = session.scalar(select(Sequence.id).where(Sequence.name == name))
    if same is not None and same != sequence_id:
        raise NameTakenError


def faults_of(steps: Many[NewStep], budgets: Budgets) -> list[tuple[int, str]]:
    """Everything that keeps these steps from being published, by step."""
    found: list[tuple[int, str]] = []
    mails = [number for number, step in enumerate(steps, 1) if step.kind is StepKind.EMAIL]
    if steps and all(step.kind is StepKind.WAIT for step in steps):
        found.append((1, "A sequence has at least one mail or task."))
    elif steps and steps[-1].kind is StepKind.WAIT:
        found.append((len(steps), "Nothing comes after this wait."))
    most = budgets.steps_a_sequence
    if len(mails) > most:
        found.append(
            (mails[most], f"A sequence has at most {most} mails: whoever is silent by then is left alone.")
        )
    for number, step in enumerate(steps, 1):
        if step.kind is StepKind.EMAIL:
            found += [(number, words) for words in _mail_faults(step, first=number == mails[0])]
        elif step.kind is StepKind.WAIT and not step.delay:
            found.append((number, "A wait takes at least one working day."))
        elif step.kind is StepKind.TASK and not (step.body.strip() or step.subject.strip()):
            found.append((number, "Say what is to be done."))
    return sorted(found, key=lambda fault: fault[0])


def _mail_faults(step: NewStep, *, first: bool) -> Iterator[str]:
    subjects = [bool(words.subject.strip()) for words in step.words]
    if first and not all(subjects):
        yield "The first mail needs a subject."
    elif any(subjects) and not all(subjects):
        yield "Either all its texts have a subject of their own, or none: else their threads differ."
    if len(set(step.words)) < len(step.words):
        yield "Two of its texts are the same, so nothing can be compared."
    for words, letter in zip(step.words, LETTERS, strict=False):
        faults = lint(words.subject or "Same subject", words.body)
        if has_errors(faults):
            text = f"Text {letter}, line" if step.others else "Line"
            yield from (f"{text} {one.line}: {one.words}" for one in faults if one.severity.value == "error")


def begin_sequence(session: Session, draft: Draft, *, by: int | None, at: datetime) -> Sequence:
    """Make a sequence of which nothing is published yet.

    Raises:
        NotFoundError: there is no mailbox to send from.
    """
    mailbox = draft.mailbox_id or session.scalar(select(Mailbox.id).order_by(Mailbox.id).limit(1))
    if mailbox is None:
        raise NotFoundError
    row = Sequence(
        name=draft.name, language=draft.language.value, mailbox_id=mailbox, created_by=by, created_at=at
    )
    session.add(row)
    session.flush()
    return row
