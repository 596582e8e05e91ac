"""What becomes of each step that is due: a mail, a task, a wait, or an end. Reads only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from crm.compose.letter import Sender
from crm.delivery import caps, outbox
from crm.delivery.outbox import NewMessage
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import MailKind
from crm.kernel.zones import instant, zone_for
from crm.permission.decide import decide
from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import Reason
from crm.queries.due_steps import DueStep, Earlier, SenderRow, earlier_mails, senders
from crm.queries.facts import Loaded, Question, facts_batch
from crm.sequences import versions
from crm.sequences.models import StepKind, StopReason
from crm.sequences.planner import is_too_late, next_due, release_at
from crm.sequences.versions import Head, StepText, Version
from crm.workflows.verdicts import codes, needs_a_person, next_look, stop_reason
from crm.workflows.write_letter import Before, Desk, Draft, Outlet, Unwritable, write_letter

DAY: Final = timedelta(days=1)


class Wait(NamedTuple):
    step: DueStep
    until: datetime


class Stop(NamedTuple):
    step: DueStep
    reason: StopReason
    detail: str


class Pause(NamedTuple):
    step: DueStep
    reason: StopReason
    detail: str


class HandWork(NamedTuple):
    step: DueStep
    title: str


@dataclass(slots=True)
class Made:
    """What is to be written down, by kind."""

    mails: list[tuple[DueStep, NewMessage]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    pauses: list[Pause] = field(default_factory=list)
    tasks: list[HandWork] = field(default_factory=list)
    finished: list[DueStep] = field(default_factory=list)
    unchecked: set[str] = field(default_factory=set)
    """Mail domains that nobody has looked up."""

    @property
    def steps(self) -> list[DueStep]:
        """All of them."""
        return [
            *(step for step, _ in self.mails),
            *(one.step for one in self.waits),
            *(one.step for one in self.stops),
            *(one.step for one in self.pauses),
            *(one.step for one in self.tasks),
            *self.finished,
        ]


def make(session: Session, desk: Desk, steps: Sequence[DueStep], *, now: datetime) -> Made:
    """Decide about each step, and write the mails of those that may go."""
    plans = versions.load(session, {step.version_id for step in steps})
    heads = versions.heads(session, {step.sequence_id for step in steps})
    questions = [
        Question(
            prospect_id=step.prospect_id,
            kind=MailKind.OUTREACH,
            mailbox_id=heads[step.sequence_id].mailbox_id,
            sequence_id=step.sequence_id,
            enrolment_id=step.enrolment_id,
            enrolled_at=step.enrolled_at,
        )
        for step in steps
    ]
    facts = facts_batch(session, questions, now, desk.settings)
    later = [step.enrolment_id for step in steps if step.position > 1]
    bench = _Bench(
        session,
        desk,
        now,
        heads,
        senders(session, {head.mailbox_id for head in heads.values()}),
        earlier_mails(session, later) if later else {},
    )
    for step, loaded in zip(steps, facts, strict=True):
        text = plans[step.version_id].step(step.position)
        if text is None or loaded is None:
            bench.made.finished.append(step)
        else:
            bench.one(step, text, plans[step.version_id], loaded)
    return bench.made


@dataclass(slots=True)
class _Bench:
    """What all steps of a batch share."""

    session: Session
    desk: Desk
    now: datetime
    heads: Mapping[int, Head]
    senders: Mapping[int, SenderRow]
    earlier: Mapping[int, list[Earlier]]
    made: Made = field(default_factory=Made)
    _room: dict[tuple[int, date], int] = field(default_factory=dict)

    def one(self, step: DueStep, text: StepText, version: Version, loaded: Loaded) -> None:
        """Decide about one step, as of the moment it would leave."""
        person = loaded.recipient
        country = person.country or None
        if is_too_late(step.due_at, self.now, zone=person.zone, country=country):
            self.made.pauses.append(Pause(step, StopReason.TOO_LATE, "too_late"))
            return
        if text.kind is StepKind.TASK:
            self.made.tasks.append(HandWork(step, _title(text)))
            return
        due_at = release_at(max(step.due_at, self.now), zone=person.zone, country=country)
        decision = decide(loaded.facts, due_at)
        if decision.has(Reason.DOMAIN_UNCHECKED):
            self.made.unchecked.add(person.address.rpartition("@")[2])
        if decision.verdict is Verdict.DENY:
            self.made.stops.append(Stop(step, stop_reason(decision), codes(decision)))
        elif needs_a_person(decision):
            self.made.pauses.append(Pause(step, StopReason.IN_DOUBT, codes(decision)))
        elif decision.verdict is Verdict.WAIT:
            until = next_look(decision, person, seed=_seed(step), now=due_at)
            self.made.waits.append(Wait(step, until))
        else:
            self._mail(self._draft(step, text, version, due_at), step, loaded, decision)

    def _mail(self, draft: Draft, step: DueStep, loaded: Loaded, decision: Decision) -> None:
        """Write one that may leave, unless its mailbox has had enough for the day."""
        person = loaded.recipient
        tomorrow = self._full(step, draft.due_at)
        if tomorrow is not None:
            country = person.country or None
            until = next_due(
                after=tomorrow, working_days=0, zone=person.zone, country=country, seed=_seed(step)
            )
            self.made.waits.append(Wait(step, until))
            return
        try:
            self.made.mails.append((step, write_letter(self.desk, draft, loaded, decision)))
        except Unwritable as fault:
            self.made.pauses.append(Pause(step, StopReason.BLOCKED, fault.code))

    def _draft(self, step: DueStep, text: StepText, version: Version, due_at: datetime) -> Draft:
        head = self.heads[step.sequence_id]
        box = self.senders[head.mailbox_id]
        begins = max(
            (one.position for one in version.steps[: step.position] if one.subject), default=step.position
        )
        thread = [
            Before(mail.public_id, mail.subject)
            for mail in self.earlier.get(step.enrolment_id, ())
            if begins <= mail.position < step.position
        ]
        subject = text.subject or ("" if thread else _thread_subject(version, step.position))
        return Draft(
            kind=MailKind.OUTREACH,
            language=head.language,
            subject=subject,
            body=text.body,
            outlet=Outlet(
                box.id,
                Sender(box.display_name, EmailAddress.parse(box.address)),
                box.sender_name or box.display_name,
            ),
            due_at=due_at,
            thread=thread,
            enrolment_id=step.enrolment_id,
            step_id=text.id,
        )

    def _full(self, step: DueStep, due_at: datetime) -> datetime | None:
        """The next midnight of the mailbox when the day of `due_at` has no slot left; else takes one."""
        box = self.senders[self.heads[step.sequence_id].mailbox_id]
        day = caps.day_of(due_at, box.time_zone)
        midnight = instant(datetime.combine(day + DAY, time.min), zone_for(None, box.time_zone).zone)
        key = (box.id, day)
        if key not in self._room:
            left = caps.left(self.session, box.id, day, cap=box.daily_cap)
            waiting = outbox.waiting_in(self.session, [box.id], until=midnight).get(box.id, 0)
            self._room[key] = left - waiting
        self._room[key] -= 1
        return midnight if self._room[key] < 0 else None


def _seed(step: DueStep) -> str:
    """What places a step in a window: always the same for the same step."""
    return f"{step.enrolment_id}:{step.position}"


def _thread_subject(version: Version, position: int) -> str:
    """The subject of the step that began the thread, for a follow-up whose thread never left."""
    subjects = [step.subject for step in version.steps[:position] if step.subject]
    return subjects[-1] if subjects else ""


def _title(text: StepText) -> str:
    """What to do, on one line."""
    return " ".join((text.subject or text.body).split())[:500]
