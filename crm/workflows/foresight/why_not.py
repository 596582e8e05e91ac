"""Why (not)? The next mail to somebody and its time, or every reason in order. Reads only.

It asks what the planner and the sender ask, in their order, as of one moment: what would happen if both
looked now. Whoever stands in front in the same mailbox is reckoned with as far as their mail is written.
"""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.delivery.models import MessageState
from crm.kernel.settings import Settings
from crm.operations import alarms
from crm.permission.decide import decide
from crm.permission.findings import Decision, Finding
from crm.permission.reasons import Mender, Reason
from crm.queries import whereabouts
from crm.queries.due_steps import earlier_mails
from crm.queries.facts import Loaded, Question, facts_batch
from crm.queries.leaving import Reach, Scope
from crm.queries.whereabouts import Place, Room, Waiting
from crm.sequences import versions
from crm.sequences.approval import holds_for
from crm.sequences.models import EnrolmentState, StopReason
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
from crm.workflows.sending.next_words import next_words
from crm.workflows.sending.plan import AHEAD
from crm.workflows.sending.plan_questions import boxes_of
from crm.workflows.sending.resume import Held, moment_after
from crm.workflows.sending.step_fate import Due, What, fate_of, seed_of
from crm.workflows.sending.verdicts import stop_reason


def outlooks(
    session: Session, prospect_ids: Collection[int], *, now: datetime, settings: Settings
) -> dict[int, Outlook]:
    """What comes next for each; who is gone is left out."""
    wanted = list(dict.fromkeys(prospect_ids))
    places = whereabouts.places(session, wanted)
    ids = [one.enrolment_id for one in places.values()]
    heads = versions.heads(session, {one.sequence_id for one in places.values()})
    earlier = earlier_mails(session, ids)
    boxes = boxes_of(places.values(), heads, earlier)
    waiting = whereabouts.waiting(session, ids)
    questions = [_question(one, places.get(one), boxes, waiting) for one in wanted]
    look = _Look(
        session, now, heads, boxes, waiting, whereabouts.at_a_task(session, ids),
        versions.load(session, {one.version_id for one in places.values()}),
        whereabouts.rooms(session, now), frozenset(earlier), _approved(session, places.values(), earlier),
        {one.scope: one.kind for one in alarms.standing(session)},
    )  # fmt: skip
    found = {}
    for prospect_id, loaded in zip(wanted, facts_batch(session, questions, now, settings), strict=True):
        if loaded is not None:
            found[prospect_id] = look.at(loaded, places.get(prospect_id))
    return {one: replace(each, obstacles=look.with_causes(each)) for one, each in found.items()}


def _question(
    prospect_id: int, place: Place | None, boxes: Mapping[int, int], waiting: Mapping[int, Waiting]
) -> Question:
    asked = whereabouts.next_mail(prospect_id, place)
    if place is None:
        return asked
    message = waiting.get(place.enrolment_id)
    return replace(asked, mailbox_id=boxes[place.enrolment_id], message_id=message.id if message else None)


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
class _Look:
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
        decision = decide(loaded.facts, self.now)
        if place is None:
            bar = Obstacle(Bar.NOT_ENROLLED, Mender.SALES)
            return Outlook(Next.NOTHING, None, (bar, *against(decision)), decision)
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
        one = Ready(place, room, message.due_at, loaded, decision, message.id, message.recipient)
        return in_mailbox(self.session, one, now=self.now)


def _approved(session: Session, places: Collection[Place], written_to: Collection[int]) -> frozenset[int]:
    asked = {
        one.enrolment_id: one
        for one in places
        if one.first_waits and one.approved_at is not None and one.enrolment_id not in written_to
    }
    said = next_words(session, list(asked.values())) if asked else {}
    return frozenset(
        id_
        for id_, words in said.items()
        if holds_for(words, approved_at=asked[id_].approved_at, approved_words=asked[id_].approved_words)
    )


def _held(place: Place) -> Held:
    return Held(place.enrolment_id, place.prospect_id, place.position, place.held_at, place.held_due_at)
