"""What publishing a draft would change: step by step, for three real people, and for whom. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm.compose.differences import Line, differences
from crm.compose.faults import MissingValueError, TemplateFaultError
from crm.compose.template import Template
from crm.delivery.models import Mailbox
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.prospects.models import Company, Prospect
from crm.queries.gate.recipients import Recipient, recipients
from crm.queries.pages.limits import budgets_held
from crm.queries.pages.on_their_way import OnTheirWay, how_many, on_their_way, versions_under_way
from crm.queries.sending.due_steps import earlier_mails
from crm.sequences import drafts, versions
from crm.sequences.changes import StepChange, What, as_version, compare, reached
from crm.sequences.drafts import Typed
from crm.sequences.models import Sequence as SequenceRow
from crm.sequences.models import StepKind
from crm.sequences.shape import NewStep, StepText, Version
from crm.sequences.texts import Variant, Words
from crm.workflows.planning.plan_texts import words_for
from crm.workflows.planning.write_letter import values_of
from crm.workflows.series.publish_sequence import faults_of

READERS = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One changed mail as one person would read it, before and after."""

    position: int
    what: What
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """A real person, and the mails that change for them."""

    person: Recipient
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Everything to be seen before publishing."""

    old: Version | None
    new: Version
    """As it would be, with numbers that only this look knows."""

    changes: list[StepChange]
    sender: tuple[Line, ...]
    """Who it comes from and who signs, before and after; empty when neither changes."""

    faults: list[tuple[int, str]]
    readers: list[Reader]
    people: int
    """On their way in any version: whom a move would concern."""

    up_to: int
    """The highest enrolment among them."""


def look_at_draft(session: Session, sequence_id: int, typed: Typed) -> Look:
    """Compare a draft with the newest version.

    Raises:
        NotFoundError: there is no such sequence.
    """
    row = session.get(SequenceRow, sequence_id)
    if row is None:
        raise NotFoundError
    newest = versions.newest_id(session, sequence_id)
    old = versions.read(session, [newest])[newest] if newest else None
    steps, faults = drafts.checked(typed.steps)
    faults += faults_of(steps, budgets_held(session)) if not faults else []
    people, up_to = how_many(session, sequence_id, not_in=None)
    changes = compare(old, steps)
    new = as_version(sequence_id, steps)
    plans = versions.load(session, versions_under_way(session, sequence_id))
    ahead = {id_: reached(plan, changes, new) for id_, plan in plans.items()}
    if typed.mailbox_id != row.mailbox_id:  # who had no mail yet gets all of them from there
        ahead = {id_: [1, *places] for id_, places in ahead.items()}
    under_way = on_their_way(session, sequence_id, not_in=None, limit=READERS, first=ahead)
    off = versions.switched_off(session, [old]) if old else frozenset()
    # What was published once keeps its language, whatever the draft says.
    language = Language(row.language) if old else typed.language
    pens = _Pens(
        _pen(session, row.mailbox_id), _pen(session, typed.mailbox_id), language, off,
        _kept(session, under_way),
    )  # fmt: skip
    readers = [] if faults else [_read(one, changes, pens) for one in _three(session, under_way, typed)]
    sender = tuple(differences(str(pens.old), str(pens.new))) if old and pens.old != pens.new else ()
    return Look(old, new, changes, sender, faults, readers, people, up_to)


@dataclass(frozen=True, slots=True)
class _Pen:
    """A mailbox, as readers see it."""

    sender: str
    signs: str

    def __str__(self) -> str:
        return f"From: {self.sender}\nSigned: {self.signs}"


@dataclass(frozen=True, slots=True)
class _Pens:
    """Who writes and signs before and after, and in which language."""

    old: _Pen
    new: _Pen
    language: Language
    off: frozenset[int]
    kept: Mapping[int, _Pen]
    """Of people who had a mail already: theirs stays, whichever mailbox the sequence has."""

    def before(self, person: Recipient) -> _Pen:
        """Who writes to somebody now."""
        return self.kept.get(person.id, self.old)

    def after(self, person: Recipient) -> _Pen:
        """Who would write to them."""
        return self.kept.get(person.id, self.new)


def _pen(session: Session, mailbox_id: int) -> _Pen:
    box = session.get(Mailbox, mailbox_id)
    if box is None:
        return _Pen("", "")
    return _Pen(f"{box.display_name} <{box.address}>", box.sender_name or box.display_name)


def _kept(session: Session, found: Sequence[OnTheirWay]) -> dict[int, _Pen]:
    earlier = earlier_mails(session, [one.enrolment_id for one in found])
    return {
        one.prospect_id: _pen(session, earlier[one.enrolment_id][0].mailbox_id)
        for one in found
        if one.enrolment_id in earlier
    }


def _three(session: Session, under_way: Sequence[OnTheirWay], typed: Typed) -> list[Recipient]:
    """Those whom it concerns first, then others who read this language, then anybody; the newest first."""
    ids = [one.prospect_id for one in under_way]
    for where in (
        or_(Prospect.language == typed.language.value, Company.language == typed.language.value),
        Prospect.id > 0,
    ):
        if len(ids) < READERS:
            query = (
                select(Prospect.id)
                .join(Company, Company.id == Prospect.company_id)
                .where(where, Prospect.id.not_in(ids), Prospect.restricted_at.is_(None))
                .order_by(Prospect.id.desc())
                .limit(READERS - len(ids))
            )
            ids += session.scalars(query)
    people = recipients(session, ids)
    return [people[id_] for id_ in ids if id_ in people]


def _read(person: Recipient, changes: list[StepChange], pens: _Pens) -> Reader:
    readings = []
    for one in changes:
        mails = [step for step in (one.old, one.new) if step and step.kind is StepKind.EMAIL]
        if not mails:
            continue
        # Also where the text is the same: who it comes from and who signs may differ.
        old, new = one.old, one.new
        before = _rendered(_old_words(old, person, pens), person, pens.before(person), pens) if old else ""
        after = _rendered(_new_words(one, person, pens), person, pens.after(person), pens) if new else ""
        if before != after:
            readings.append(Reading(one.position, one.what, tuple(differences(before, after))))
    return Reader(person, tuple(readings))


def _old_words(step: StepText, person: Recipient, pens: _Pens) -> Words:
    return words_for(step, person.id, pens.off)[0]


def _new_words(change: StepChange, person: Recipient, pens: _Pens) -> Words:
    """The text they would get, as it will be chosen once it is published."""
    step = change.new
    assert step is not None
    gone = {one.key for one in change.old.variants if one.id in pens.off} if change.old else set()
    variants = tuple(Variant(-n, n, words, words.key) for n, words in enumerate(step.words, 1))
    off = frozenset(one.id for one in variants if one.key in gone)
    return words_for(_as_text(step, variants if step.others else ()), person.id, off)[0]


def _as_text(step: NewStep, variants: tuple[Variant, ...]) -> StepText:
    return StepText(0, 0, step.kind, step.delay, step.subject, step.body, step.lineage or 0, variants)


def _rendered(words: Words, person: Recipient, pen: _Pen, pens: _Pens) -> str:
    """Sender, subject and text with this person's values; where one is missing, that is what is said."""
    values = values_of(person, language=pens.language, signs=pen.signs)
    try:
        subject = Template.compile(words.subject).render(values) if words.subject else "(same thread)"
        return f"From: {pen.sender}\nSubject: {subject}\n\n{Template.compile(words.body).render(values)}"
    except MissingValueError as error:
        return f"This mail would not be written: {error.field} is missing."
    except TemplateFaultError:
        return "This mail would not be written: its text has a fault."
