"""One mail of a sequence in words of its own: read as its reader would get it, changed before it leaves."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.compose.faults import MissingValueError, Severity
from crm.compose.lint import lint
from crm.compose.template import Template
from crm.delivery.models import Message
from crm.kernel.errors import ConflictError, CrmError, NotFoundError
from crm.kernel.mail import Language
from crm.queries.gate.recipients import Recipient, recipients
from crm.queries.sending.due_steps import DueStep, earlier_mails, senders, steps_of
from crm.sequences import approval, edits, versions
from crm.sequences.models import StepKind
from crm.sequences.shape import StepText
from crm.sequences.texts import Words
from crm.workflows.planning.next_words import next_words
from crm.workflows.planning.plan_texts import mailbox_of, say
from crm.workflows.planning.unplan import unplan
from crm.workflows.planning.write_letter import values_of


class LeavingError(ConflictError):
    """A worker has it in hand, or it left: a claimed message never changes."""

    def __init__(self) -> None:
        super().__init__("This mail is leaving or has left. Nothing was changed.")


class WordsChangedError(ConflictError):
    """A colleague changed the words of this mail, or its step did, since they were shown."""

    def __init__(self) -> None:
        super().__init__("The words of this mail have changed since you opened it. Yours are not saved yet.")


class FaultyWordsError(CrmError):
    """The words cannot be sent as they are; `faults` says why, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Wording:
    """The next mail of somebody in a sequence."""

    enrolment_id: int
    step_id: int
    position: int
    person: Recipient
    words: Words
    """With the person's values filled in. An empty subject: it stands in the thread of the mail before."""

    thread_subject: str
    revision: str
    """Which words these are; another one as soon as somebody changes them."""

    changed: edits.Edited | None
    """Who gave the mail these words; None where it says what its step says."""

    lacks: str
    """The field that has no value for this person, so that the text is shown with its tags; or nothing."""


def wording_of(session: Session, enrolment_id: int) -> Wording:
    """What the next mail will say.

    Raises:
        NotFoundError: there is no such enrolment, it has ended, or what comes next is no mail.
    """
    step, text = _next_mail(session, enrolment_id)
    earlier = earlier_mails(session, [enrolment_id]).get(enrolment_id, ())
    version = versions.load(session, [step.version_id])[step.version_id]
    said = say(version, text, step.prospect_id, earlier, versions.switched_off(session, [version]))
    words = edits.of(session, [enrolment_id]).get((enrolment_id, text.id), said.words)
    head = versions.heads(session, [step.sequence_id])[step.sequence_id]
    box_id = mailbox_of(earlier, now_used=head.mailbox_id)
    box = senders(session, {box_id})[box_id]
    person = recipients(session, [step.prospect_id])[step.prospect_id]
    shown, lacks = _shown(words, person, head.language, box.sender_name or box.display_name)
    return Wording(
        enrolment_id=enrolment_id,
        step_id=text.id,
        position=text.position,
        person=person,
        words=shown,
        thread_subject=said.thread[-1].subject if said.thread else "",
        revision=words.key,
        changed=edits.last(session, enrolment_id, text.id),
        lacks=lacks,
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """The mail that a colleague looked at when they wrote other words for it."""

    enrolment_id: int
    step_id: int
    revision: str


def reword(session: Session, seen: Seen, words: Words, *, by: int | None, at: datetime) -> None:
    """Say these words in the next mail to somebody; what was planned of it is made anew.

    Where that mail was approved it stays approved: whoever may change it may approve it.

    Raises:
        NotFoundError: as `wording_of`.
        FaultyWordsError: an unknown field, braces, nothing at all.
        LeavingError: it is in a worker's hand, or they went on to another step.
        WordsChangedError: its words are not those that were seen.
    """
    found = lint(words.subject or "Same subject", words.body)
    faults = [one.words for one in found if one.severity is Severity.ERROR]
    if faults:
        raise FaultyWordsError(faults)
    step, was_approved = _take_out(session, seen, at=at)
    edits.keep(session, seen.enrolment_id, seen.step_id, words, by=by, at=at)
    if was_approved:
        approval.note(session, next_words(session, [step]), by=by, at=at)


def say_as_written(session: Session, seen: Seen, *, by: int | None, at: datetime) -> None:
    """Take the change back: the next mail says what its step says. Raises as `reword`."""
    step, was_approved = _take_out(session, seen, at=at)
    edits.take_off(session, seen.enrolment_id, seen.step_id)
    if was_approved:
        approval.note(session, next_words(session, [step]), by=by, at=at)


def _take_out(session: Session, seen: Seen, *, at: datetime) -> tuple[DueStep, bool]:
    """Take the mail out of the outbox, so that it is made anew; an error when it is too late for that.

    With it: whether it was approved in the words it has now.
    """
    unplan(session, enrolment_ids=[seen.enrolment_id], at=at)
    step, text = _next_mail(session, seen.enrolment_id)
    left = select(Message.id).where(
        Message.enrolment_id == seen.enrolment_id, Message.step_id == seen.step_id
    )
    if text.id != seen.step_id or session.scalar(left.limit(1)) is not None:
        raise LeavingError
    if wording_of(session, seen.enrolment_id).revision != seen.revision:
        raise WordsChangedError
    now = next_words(session, [step])[step.enrolment_id]
    return step, approval.holds_for(now, approved_at=step.approved_at, approved_words=step.approved_words)


def _next_mail(session: Session, enrolment_id: int) -> tuple[DueStep, StepText]:
    step = next(iter(steps_of(session, [enrolment_id])), None)
    version = versions.load(session, [step.version_id]).get(step.version_id) if step else None
    text = version.step(step.position) if step and version else None
    if step is None or text is None or text.kind is not StepKind.EMAIL:
        raise NotFoundError
    return step, text


def _shown(words: Words, person: Recipient, language: Language, signs: str) -> tuple[Words, str]:
    values = values_of(person, language=language, signs=signs)
    try:
        subject = Template.compile(words.subject).render(values) if words.subject else ""
        return Words(subject, Template.compile(words.body).render(values)), ""
    except MissingValueError as error:
        return words, error.field
