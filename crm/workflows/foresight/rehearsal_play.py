"""The rehearsal itself: ticks of planner and sender, played in memory from one that matters to the next.

What is decided is asked of the engine's own functions; told here is only the order in which it asks them.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from crm.compose.faults import MissingValueError, TemplateFaultError
from crm.compose.template import Template
from crm.kernel.mail import Language
from crm.permission.findings import Decision
from crm.sequences.models import StopReason
from crm.sequences.planner import next_due
from crm.workflows.foresight.rehearsal_send import Sender
from crm.workflows.foresight.rehearsal_stage import Actor, Box, Letter
from crm.workflows.foresight.rehearsal_ticks import Ticks, tick_from
from crm.workflows.foresight.rehearsal_told import Event, Happening
from crm.workflows.planning.advance import due_of
from crm.workflows.planning.plan import AHEAD, BATCH, MOST_BATCHES
from crm.workflows.planning.plan_texts import words_for
from crm.workflows.planning.step_fate import Fate, What, fate_of, seed_of
from crm.workflows.planning.verdicts import codes, held_by_us, stop_reason
from crm.workflows.planning.write_letter import values_of

Room = dict[tuple[int, date], int]
"""Slots of a mailbox's day that a batch has left."""


class Resuming(NamedTuple):
    """A pause that ends by itself."""

    at: datetime
    enrolment_id: int
    due_at: datetime


@dataclass(slots=True)
class Play:
    """One rehearsal while it runs."""

    starts: datetime
    ends: datetime
    boxes: Mapping[int, Box]
    actors: Mapping[int, Actor]
    """By enrolment."""

    languages: Mapping[int, Language]
    """Of sequences."""

    off: frozenset[int]
    """Texts that nobody gets any more."""

    ticks: Ticks
    task_days: int
    events: list[Event] = field(default_factory=list)
    _due: list[tuple[datetime, int]] = field(default_factory=list)
    _tasks: list[tuple[datetime, int]] = field(default_factory=list)
    _number: int = 0
    _planned: datetime | None = None

    def run(self, resuming: Sequence[Resuming] = ()) -> None:
        """Play it to its end."""
        for one in self.actors.values():
            if one.runs and one.due_at is not None:
                heapq.heappush(self._due, (one.due_at, one.enrolment_id))
        pauses = sorted(resuming)
        sender = Sender(self, self.boxes, self.starts, self.ticks.send)
        while (now := self._next(sender, pauses)) is not None and now <= self.ends:
            while self._tasks and self._tasks[0][0] <= now:
                self.advance(self.actors[heapq.heappop(self._tasks)[1]], now)
            if self._next_plan(pauses) == now:
                self._planned = now
                while pauses and pauses[0].at <= now:
                    self._go_on(pauses.pop(0), now)
                self._plan(now)
            if sender.next_tick() == now:
                sender.tick(now)

    def _next(self, sender: Sender, pauses: Sequence[Resuming]) -> datetime | None:
        moments = [self._next_plan(pauses), sender.next_tick(), self._tasks[0][0] if self._tasks else None]
        return min((one for one in moments if one is not None), default=None)

    def _next_plan(self, pauses: Sequence[Resuming]) -> datetime | None:
        wanted = [pauses[0].at] if pauses else []
        while self._due and self.actors[self._due[0][1]].due_at != self._due[0][0]:
            heapq.heappop(self._due)
        if self._due:
            wanted.append(self._due[0][0] - AHEAD)
        return tick_from(min(wanted), self.starts, self.ticks.plan, after=self._planned) if wanted else None

    def _go_on(self, one: Resuming, now: datetime) -> None:
        actor = self.actors[one.enrolment_id]
        actor.runs = True
        self.wait_until(actor, max(one.due_at, now))

    def _plan(self, now: datetime) -> None:
        for _ in range(MOST_BATCHES):
            batch: list[tuple[Actor, datetime]] = []
            while self._due and len(batch) < BATCH and self._due[0][0] <= now + AHEAD:
                due_at, enrolment_id = heapq.heappop(self._due)
                actor = self.actors[enrolment_id]
                if actor.due_at == due_at and actor.runs:
                    actor.due_at = None
                    batch.append((actor, due_at))
            self._plan_batch(batch, now)
            if len(batch) < BATCH:
                break

    def _plan_batch(self, batch: Sequence[tuple[Actor, datetime]], now: datetime) -> None:
        """Everything is judged before anything is written, as on a snapshot."""
        judged = [(actor, due_at, self._fate(actor, due_at, now)) for actor, due_at in batch]
        room: Room = {}
        finished: list[Actor] = []
        for actor, due_at, fate in judged:
            if fate is None:
                finished.append(actor)
            elif fate.decision is not None:
                self._by_gate(actor, fate, room, due_at, now)
            else:
                self._without_gate(actor, fate, due_at, now)
        for actor in finished:
            self.finish(actor, now)

    def _fate(self, actor: Actor, due_at: datetime, now: datetime) -> Fate | None:
        """None: nothing comes any more."""
        text = actor.step
        if text is None:
            return None
        fate = fate_of(actor.due(text.kind, due_at), actor.facts_at(now), actor.person, now, ask=actor.ask)
        is_over = fate.what is What.PASS and actor.version.step(actor.position + 1) is None
        return None if is_over else fate

    def _without_gate(self, actor: Actor, fate: Fate, due_at: datetime, now: datetime) -> None:
        if fate.what is What.TASK:
            self.tell(actor, Happening.TASK, now, due_at=self.await_task(actor, now))
        elif fate.what is What.TOO_LATE:
            self.pause(actor, StopReason.TOO_LATE, "too_late", now)
        else:
            self.advance(actor, now, after=max(due_at, now))

    def _by_gate(self, actor: Actor, fate: Fate, room: Room, due_at: datetime, now: datetime) -> None:
        decision = fate.decision
        assert decision is not None  # the caller looked
        if fate.what is What.STOP:
            self.stop(actor, decision, now)
        elif fate.what is What.ASK:
            self.pause(actor, StopReason.IN_DOUBT, codes(decision), now)
        elif fate.what is What.WAIT:
            held = (actor.held_due_at or due_at) if held_by_us(decision) else None
            self.wait_until(actor, fate.at, held=held)
        elif (tomorrow := self._full(actor, fate.at, room)) is not None:
            self.wait_until(actor, self._placed(actor, tomorrow))
        elif (lack := self._lacks(actor)) is not None:
            self.pause(actor, StopReason.BLOCKED, lack, now)
        else:
            self._number += 1
            since, actor.held_due_at = actor.held_due_at, None
            self.boxes[actor.mailbox_id].put(Letter(fate.at, self._number, actor, late_from=since))

    def _placed(self, actor: Actor, after: datetime) -> datetime:
        person, seed = actor.person, seed_of(actor.enrolment_id, actor.position)
        country = person.country or None
        return next_due(after=after, working_days=0, zone=person.zone, country=country, seed=seed)

    def _full(self, actor: Actor, due_at: datetime, room: Room) -> datetime | None:
        box = self.boxes[actor.mailbox_id]
        day = box.day_of(due_at)
        midnight, key = box.midnight_after(day), (box.id, day)
        if key not in room:
            room[key] = box.left(day) - box.due_until(midnight)
        room[key] -= 1
        return midnight if room[key] < 0 else None

    def _lacks(self, actor: Actor) -> str | None:
        """What the mail could not be written for; the frame around the text is not rehearsed."""
        text = actor.step
        assert text is not None  # it has a fate
        words = actor.edited.get(text.id) or words_for(text, actor.person.id, self.off)[0]
        language = self.languages[actor.version.sequence_id]
        values = values_of(actor.person, language=language, signs=self.boxes[actor.mailbox_id].signs)
        try:
            for one in (words.subject, words.body):
                Template.compile(one).render(values)
        except MissingValueError as error:
            return f"missing {error.field}"
        except (TemplateFaultError, ValueError):
            return "template"
        return None

    def await_task(self, actor: Actor, now: datetime) -> datetime:
        """Somebody has something to do from a moment on; when it counts as done."""
        actor.held_due_at = None
        done_at = task_done_at(actor, self.task_days, now)
        heapq.heappush(self._tasks, (done_at, actor.enrolment_id))
        return done_at

    def wait_until(self, actor: Actor, due_at: datetime, *, held: datetime | None = None) -> None:
        """Have the planner look at somebody again."""
        actor.due_at, actor.held_due_at = due_at, held
        heapq.heappush(self._due, (due_at, actor.enrolment_id))

    def advance(self, actor: Actor, now: datetime, *, after: datetime | None = None) -> None:
        """Go on after a step that is done, or end."""
        step = actor.version.step(actor.position + 1)
        if step is None:
            self.finish(actor, now)
            return
        actor.position = step.position
        self.wait_until(actor, due_of(actor.enrolment_id, step, actor.person, after=after or now))

    def finish(self, actor: Actor, now: datetime) -> None:
        """The last step is done."""
        self._end(actor)
        self.tell(actor, Happening.FINISHED, now)

    def stop(self, actor: Actor, decision: Decision, now: datetime) -> None:
        """The gate says no."""
        self._end(actor)
        self.tell(actor, Happening.STOPPED, now, reason=stop_reason(decision), detail=codes(decision))

    def pause(self, actor: Actor, reason: StopReason, detail: str, now: datetime) -> None:
        """It waits for a person, and in a rehearsal nobody comes."""
        actor.runs, actor.due_at = False, None
        self.tell(actor, Happening.PAUSED, now, reason=reason, detail=detail)

    def _end(self, actor: Actor) -> None:
        actor.runs, actor.due_at = False, None
        actor.company.active.pop(actor.enrolment_id, None)

    def tell(
        self, actor: Actor, what: Happening, now: datetime, *, due_at: datetime | None = None,
        reason: StopReason | None = None, detail: str = "",
    ) -> None:  # fmt: skip
        """Write down what happened."""
        box = actor.mailbox_id if what is Happening.MAIL else None
        who = (actor.enrolment_id, actor.person.id, actor.position)
        self.events.append(Event(now, what, *who, due_at, box, reason, detail))


def task_done_at(actor: Actor, days: int, now: datetime) -> datetime:
    """When a task that comes up now is done."""
    if not days:
        return now
    person = actor.person
    seed = f"task:{seed_of(actor.enrolment_id, actor.position)}"
    return next_due(after=now, working_days=days, zone=person.zone, country=person.country or None, seed=seed)
