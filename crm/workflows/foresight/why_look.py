"""What comes next for one person, from what was read once for everybody."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.delivery.models import MessageState
from crm.permission.decide import decide, decide_by_hand
from crm.permission.findings import Decision, Finding
from crm.permission.reasons import Mender, Reason
from crm.queries.gate.facts import Loaded
from crm.queries.sending.leaving import Reach, Scope
from crm.queries.sending.whereabouts import Place, Room, Waiting
from crm.sequences.models import EnrolmentState, StepKind, StopReason
from crm.sequences.shape import Head, Version
from crm.workflows.foresight.why_sender import (
    Ready,
    against,
    full,
    in_mailbox,
    midnight_after,
    placed,
    zone_of,
)
from crm.workflows.foresight.why_told import Bar, Next, Obstacle, Outlook
from crm.workflows.holding.resume import Held, moment_after
from crm.workflows.planning.plan import AHEAD
from crm.workflows.planning.step_fate import Due, What, fate_of, seed_of
from crm.workflows.planning.verdicts import stop_reason

_FATES: Final[Mapping[What, tuple[Next, StopReason | None]]] = MappingProxyType(
    {
        What.PASS: (Next.PASSES, None),
        What.TASK: (Next.TASK, None),
        What.TOO_LATE: (Next.ASKS, StopReason.TOO_LATE),
        What.STOP: (Next.STOPS, None),
        What.ASK: (Next.ASKS, StopReason.IN_DOUBT),
        What.WAIT: (Next.WAITS, None),
    }
)


@dataclass(frozen=True, slots=True)
class Look:
    """What was read once for everybody."""

    session: Session
    now: datetime
    heads: Mapping[int, Head]
    boxes: Mapping[int, int]
    waiting: Mapping[int, Waiting]
    tasks: Mapping[int, str]
    plans: Mapping[int, Version]
    rooms: Mapping[int, Room]
    written_to: frozenset[int]
    """Enrolments of which a mail left."""

    approved: AbstractSet[int]
    """Enrolments whose first mail, in the words it has now, a colleague approved."""

    alarms: Mapping[str, str]
    """What a guardrail stopped, by scope."""

    def with_causes(self, one: Outlook) -> tuple[Obstacle, ...]:
        """The obstacles, with what paused the sequence or the mailbox."""
        if one.place is None:
            return one.obstacles
        scope = Scope(Reach.SEQUENCE, one.place.sequence_id)
        room = self.rooms[self.boxes[one.place.enrolment_id]]
        causes = {
            Reason.SEQUENCE_PAUSED: self.alarms.get(str(scope), ""),
            Reason.MAILBOX_PAUSED: room.pause_reason,
        }
        return tuple(
            each._replace(detail=causes.get(each.what.reason, "")) if isinstance(each.what, Finding) else each
            for each in one.obstacles
        )

    def at(self, loaded: Loaded, place: Place | None) -> Outlook:
        """One person."""
        if place is None:
            decision, bar = decide(loaded.facts, self.now), Obstacle(Bar.NOT_ENROLLED, Mender.SALES)
            return Outlook(Next.NOTHING, None, (bar, *against(decision)), decision)
        step = self.plans[place.version_id].step(place.position)
        kind = step.kind if step else None
        # What only a mail needs is not in the way of hand work.
        ask = decide_by_hand if kind is StepKind.TASK else decide
        return replace(self._placed(place, loaded, ask(loaded.facts, self.now)), step=kind)

    def _placed(self, place: Place, loaded: Loaded, decision: Decision) -> Outlook:
        message = self.waiting.get(place.enrolment_id)
        due_at = place.due_at
        if place.state is EnrolmentState.PAUSED:
            over = place.resumes_at is not None and place.resumes_at <= self.now
            if not over:
                return self._paused(place, loaded, decision)
            due_at, message = moment_after(_held(place), loaded.recipient, self.now), None
            place = place._replace(held_due_at=None)
        if message is not None:
            return self._written(place, message, loaded, decision)
        if due_at is None:
            return self._given_out(place, decision)
        return self._step(place, due_at, loaded, decision)

    def _paused(self, place: Place, loaded: Loaded, decision: Decision) -> Outlook:
        at = None
        if place.resumes_at is not None:
            at = moment_after(_held(place), loaded.recipient, place.resumes_at)
        mender = Mender.SALES if place.resumes_at is None else Mender.TIME
        said = place.reason.value if place.reason else ""
        bar = Obstacle(Bar.PAUSED, mender, place.resumes_at, said)
        return Outlook(Next.NOTHING, at, (bar, *against(decision)), decision, place, place.position)

    def _given_out(self, place: Place, decision: Decision) -> Outlook:
        bar = Obstacle(Bar.TASK_OPEN, Mender.SALES, detail=self.tasks.get(place.enrolment_id, ""))
        return Outlook(Next.NOTHING, None, (bar, *against(decision)), decision, place, place.position)

    def _step(self, place: Place, due_at: datetime, loaded: Loaded, decision: Decision) -> Outlook:
        """Nothing is written yet: what the planner would do, now or when the step comes up."""
        text = self.plans[place.version_id].step(place.position)
        looks_at = max(self.now, due_at - AHEAD)
        is_ahead = looks_at > self.now
        ahead = (Obstacle(Bar.STEP_AHEAD, Mender.TIME, due_at),) if is_ahead else ()
        if text is None:
            kind = Next.WAITS if is_ahead else Next.ENDS
            return Outlook(kind, None, ahead, decision, place, place.position)
        person, seed = loaded.recipient, seed_of(place.enrolment_id, place.position)
        due = Due(text.kind, due_at, place.held_due_at or due_at, seed)
        fate = fate_of(due, loaded.facts, person, looks_at)
        answer = fate.decision or decision
        shown = (*ahead, *against(answer))

        if fate.what is What.WRITE:
            return self._may_be_written(place, fate.at, loaded, answer, ahead)
        kind, reason = _FATES[fate.what]
        if fate.what is What.STOP:
            reason = stop_reason(answer)
        if fate.what is What.TOO_LATE:
            shown = (*shown, Obstacle(Bar.TOO_LATE, Mender.SALES))
        at = fate.at if kind is Next.WAITS else due_at if kind in {Next.PASSES, Next.TASK} else None
        kind = Next.WAITS if is_ahead else kind
        return Outlook(kind, at, shown, answer, place, place.position, reason)

    def _may_be_written(
        self, place: Place, due_at: datetime, loaded: Loaded, decision: Decision, ahead: tuple[Obstacle, ...]
    ) -> Outlook:
        is_first = place.enrolment_id not in self.written_to
        if is_first and place.first_waits and place.enrolment_id not in self.approved:
            bar = Obstacle(Bar.APPROVAL, Mender.SALES)
            return Outlook(Next.NOTHING, None, (*ahead, bar), decision, place, place.position)
        room = self.rooms[self.boxes[place.enrolment_id]]
        midnight = midnight_after(room, due_at)
        if not ahead and room.day == due_at.astimezone(zone_of(room)).date():
            waiting = outbox.waiting_in(self.session, [room.id], until=midnight).get(room.id, 0)
            if max(room.allowed - room.used, 0) - waiting <= 0:
                at = placed(place, loaded, midnight)
                bar = full(room, midnight)
                return Outlook(Next.WAITS, at, (bar,), decision, place, place.position)
        if due_at > self.now:
            bars = ahead or (Obstacle(Bar.STEP_AHEAD, Mender.TIME, due_at),)
            return Outlook(Next.WAITS, due_at, bars, decision, place, place.position)
        return in_mailbox(self.session, Ready(place, room, due_at, loaded, decision), now=self.now)

    def _written(self, place: Place, message: Waiting, loaded: Loaded, decision: Decision) -> Outlook:
        """A mail is written: what the sender would do."""
        bars = {
            MessageState.HELD: (Next.NOTHING, Obstacle(Bar.APPROVAL, Mender.SALES)),
            MessageState.UNCERTAIN: (Next.NOTHING, Obstacle(Bar.UNCERTAIN, Mender.MANAGER)),
            MessageState.CLAIMED: (Next.LEAVING, Obstacle(Bar.IN_HAND, Mender.TIME)),
            MessageState.SENDING: (Next.LEAVING, Obstacle(Bar.IN_HAND, Mender.TIME)),
        }
        if message.state in bars:
            kind, bar = bars[message.state]
            at = self.now if kind is Next.LEAVING else None
            shown = () if kind is Next.LEAVING else against(decision)
            return Outlook(kind, at, (bar, *shown), decision, place, place.position)
        pauses = loaded.facts.pauses
        if pauses.everything or pauses.mailbox or pauses.sequence:
            return Outlook(Next.WAITS, None, against(decision), decision, place, place.position)
        if message.due_at > self.now:
            later = decide(loaded.facts, message.due_at)
            bar = Obstacle(Bar.STEP_AHEAD, Mender.TIME, message.due_at)
            at = message.due_at if later.allows else None
            return Outlook(Next.WAITS, at, (bar, *against(later)), later, place, place.position)
        room = self.rooms[message.mailbox_id]
        one = Ready(
            place, room, message.due_at, loaded, decision, message.id, message.recipient, message.late_from
        )
        return in_mailbox(self.session, one, now=self.now)


def _held(place: Place) -> Held:
    return Held(place.enrolment_id, place.prospect_id, place.position, place.held_at, place.held_due_at)
