"""What becomes of each step that is due: a mail, a task, a wait, or an end. Reads only."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy.orm import Session

from crm.compose.letter import Sender
from crm.delivery import caps, outbox
from crm.kernel.addresses import EmailAddress
from crm.kernel.mail import MailKind
from crm.kernel.zones import instant, zone_for
from crm.permission.findings import Decision
from crm.permission.reasons import Reason
from crm.queries.gate.facts import Loaded, facts_batch
from crm.queries.sending.due_steps import DueStep, Earlier, SenderRow, earlier_mails, senders
from crm.sequences import edits, versions
from crm.sequences.approval import holds_for
from crm.sequences.models import StopReason
from crm.sequences.planner import next_due
from crm.sequences.texts import Words
from crm.sequences.versions import Head, StepText, Version
from crm.workflows.desk.task_words import title_of
from crm.workflows.planning.advance import due_of
from crm.workflows.planning.plan_made import Basis, HandWork, Made, Passed, Pause, Stop, Wait
from crm.workflows.planning.plan_questions import boxes_of, questions_about
from crm.workflows.planning.plan_texts import say
from crm.workflows.planning.step_fate import Due, Fate, What, fate_of, seed_of
from crm.workflows.planning.verdicts import codes, held_by_us, stop_reason
from crm.workflows.planning.write_letter import Before, Desk, Draft, Outlet, Unwritable, write_letter

DAY: Final = timedelta(days=1)


def make(session: Session, desk: Desk, steps: Sequence[DueStep], *, now: datetime) -> Made:
    """Decide about each step, and write the mails of those that may go."""
    plans = versions.load(session, {step.version_id for step in steps})
    heads = versions.heads(session, {step.sequence_id for step in steps})
    # Of first steps too: whoever was moved may go on with the first step of another version.
    earlier = earlier_mails(session, [step.enrolment_id for step in steps])
    boxes = boxes_of(steps, heads, earlier)
    facts = facts_batch(session, questions_about(steps, boxes), now, desk.settings)
    off = versions.switched_off(session, plans.values())
    bench = _Bench(
        session,
        desk,
        now,
        heads,
        boxes,
        senders(session, set(boxes.values())),
        earlier,
        off,
        edits.of(session, [step.enrolment_id for step in steps]),
        Made(basis=Basis({one.id: one.first_waits for one in heads.values()}, plans, off)),
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
    boxes: Mapping[int, int]
    senders: Mapping[int, SenderRow]
    earlier: Mapping[int, list[Earlier]]
    off: AbstractSet[int]
    edited: Mapping[tuple[int, int], Words]
    made: Made = field(default_factory=Made)
    _room: dict[tuple[int, date], int] = field(default_factory=dict)

    def one(self, step: DueStep, text: StepText, version: Version, loaded: Loaded) -> None:
        """Decide about one step, as of the moment it would leave."""
        person = loaded.recipient
        due = Due(text.kind, step.due_at, step.late_from, _seed(step))
        fate = fate_of(due, loaded.facts, person, self.now)
        if fate.decision is not None:
            self._by_gate(step, text, version, loaded, fate)
        elif fate.what is What.PASS:
            self._pass(step, version, loaded)
        elif fate.what is What.TASK:
            self.made.tasks.append(HandWork(step, title_of(text)))
        else:
            self.made.pauses.append(Pause(step, StopReason.TOO_LATE, "too_late"))

    def _by_gate(self, step: DueStep, text: StepText, version: Version, loaded: Loaded, fate: Fate) -> None:
        decision = fate.decision
        assert decision is not None  # the caller looked
        if decision.has(Reason.DOMAIN_UNCHECKED):
            self.made.unchecked.add(loaded.recipient.address.rpartition("@")[2])
        if fate.what is What.STOP:
            self.made.stops.append(Stop(step, stop_reason(decision), codes(decision)))
        elif fate.what is What.ASK:
            self.made.pauses.append(Pause(step, StopReason.IN_DOUBT, codes(decision)))
        elif fate.what is What.WAIT:
            self.made.waits.append(Wait(step, fate.at, ours=held_by_us(decision)))
        else:
            self._mail(self._draft(step, text, version, fate.at), step, loaded, decision)

    def _mail(self, draft: Draft, step: DueStep, loaded: Loaded, decision: Decision) -> None:
        """Write one that may leave, unless its mailbox has had enough for the day."""
        person = loaded.recipient
        held = self._is_held(step, Words(draft.subject, draft.body))
        tomorrow = None if held else self._full(step, draft.due_at)
        if tomorrow is not None:
            country = person.country or None
            until = next_due(
                after=tomorrow, working_days=0, zone=person.zone, country=country, seed=_seed(step)
            )
            self.made.waits.append(Wait(step, until))
            return
        try:
            letter = write_letter(self.desk, draft, loaded, decision)
            # What waits for a colleague is not late because of it.
            since = None if held else step.held_due_at
            self.made.mails.append((step, replace(letter, held=held, late_from=since)))
        except Unwritable as fault:
            self.made.pauses.append(Pause(step, StopReason.BLOCKED, fault.code))

    def _is_held(self, step: DueStep, words: Words) -> bool:
        """Their first mail, where those wait for a colleague: it takes no slot of a day until then."""
        if self.earlier.get(step.enrolment_id) or not self.heads[step.sequence_id].first_waits:
            return False
        return not holds_for(words, approved_at=step.approved_at, approved_words=step.approved_words)

    def _pass(self, step: DueStep, version: Version, loaded: Loaded) -> None:
        """A wait is over. Its days count from when it was due, or from now after a standstill."""
        following = version.step(step.position + 1)
        if following is None:
            self.made.finished.append(step)
            return
        after = max(step.due_at, self.now)
        due_at = due_of(step.enrolment_id, following, loaded.recipient, after=after)
        self.made.passed.append(Passed(step, following.position, due_at))

    def _draft(self, step: DueStep, text: StepText, version: Version, due_at: datetime) -> Draft:
        earlier = self.earlier.get(step.enrolment_id, ())
        said = say(version, text, step.prospect_id, earlier, self.off)
        said = said.changed_to(self.edited.get((step.enrolment_id, text.id)))
        return Draft(
            kind=MailKind.OUTREACH,
            language=self.heads[step.sequence_id].language,
            subject=said.words.subject,
            body=said.words.body,
            outlet=_outlet(self.senders[self.boxes[step.enrolment_id]]),
            due_at=due_at,
            thread=[Before(one.public_id, one.subject) for one in said.thread],
            enrolment_id=step.enrolment_id,
            sequence_id=step.sequence_id,
            step_id=text.id,
            variant_id=said.variant_id,
            public_id=step.tried_as,
        )

    def _full(self, step: DueStep, due_at: datetime) -> datetime | None:
        """The next midnight of the mailbox when the day of `due_at` has no slot left; else takes one."""
        box = self.senders[self.boxes[step.enrolment_id]]
        day = caps.day_of(due_at, box.time_zone)
        midnight = instant(datetime.combine(day + DAY, time.min), zone_for(None, box.time_zone).zone)
        key = (box.id, day)
        if key not in self._room:
            cap = caps.allowed(self.session, box.id, day, box.pace)
            left = caps.left(self.session, box.id, day, cap=cap)
            waiting = outbox.waiting_in(self.session, [box.id], until=midnight).get(box.id, 0)
            self._room[key] = left - waiting
        self._room[key] -= 1
        return midnight if self._room[key] < 0 else None


@lru_cache(maxsize=64)
def _outlet(box: SenderRow) -> Outlet:
    return Outlet(
        box.id,
        Sender(box.display_name, EmailAddress.parse(box.address)),
        box.sender_name or box.display_name,
    )


def _seed(step: DueStep) -> str:
    return seed_of(step.enrolment_id, step.position)
