"""The sender's part of a rehearsal: what is due, in which order, and what cap and gap let go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from crm.delivery.claims import BATCH
from crm.delivery.pacing import is_free
from crm.delivery.ports import BATCH_LIMIT
from crm.kernel.mail import MailKind
from crm.permission.findings import Decision, Verdict
from crm.sequences.models import StopReason
from crm.sequences.planner import is_too_late, release_at
from crm.workflows.foresight.rehearsal_stage import Actor, Box, Letter
from crm.workflows.foresight.rehearsal_ticks import tick_from
from crm.workflows.foresight.rehearsal_told import Happening
from crm.workflows.planning.step_fate import seed_of
from crm.workflows.planning.verdicts import codes, needs_a_person, next_look


class Script(Protocol):
    """What follows from what the sender does."""

    def advance(self, actor: Actor, now: datetime) -> None:
        """A mail left: the next step."""

    def stop(self, actor: Actor, decision: Decision, now: datetime) -> None:
        """The gate says no."""

    def pause(self, actor: Actor, reason: StopReason, detail: str, now: datetime) -> None:
        """It waits for a person."""

    def wait_until(self, actor: Actor, due_at: datetime, *, held: datetime | None = None) -> None:
        """The step is made anew by then."""

    def tell(self, actor: Actor, what: Happening, now: datetime, *, due_at: datetime | None = None) -> None:
        """Write down what happened."""


@dataclass(slots=True)
class Sender:
    """The claims of every mailbox."""

    script: Script
    boxes: Mapping[int, Box]
    starts: datetime
    every: timedelta
    _last: datetime | None = None

    def next_tick(self) -> datetime | None:
        """The next one at which anything may happen."""
        moments = [at for box in self.boxes.values() if (at := self._ready(box)) is not None]
        return min(moments, default=None)

    def _ready(self, box: Box) -> datetime | None:
        if not box.waiting or box.pace.daily_cap <= 0:
            return None
        at = max(box.waiting[0].due_at, box.free_at or self.starts, self._last or self.starts)
        day = box.day_of(at)
        if not box.left(day):
            at = box.midnight_after(day)
        return tick_from(at, self.starts, self.every, after=self._last)

    def tick(self, now: datetime) -> None:
        """Claim and send until nothing is due, ten at a time, as `dispatch` does."""
        self._last = now
        while batch := self._claim(now):
            for start in range(0, len(batch), BATCH_LIMIT):
                self._handful(batch[start : start + BATCH_LIMIT], batch[start:], now)

    def _claim(self, now: datetime) -> list[tuple[Box, Letter]]:
        share = max(BATCH // max(len(self.boxes), 1), 1)
        taken: list[tuple[Box, Letter]] = []
        for _, box in sorted(self.boxes.items()):
            found = self._due(box, min(share, BATCH - len(taken)), now)
            taken += [(box, one) for one in self._take(box, found, now)]
        return taken

    def _due(self, box: Box, limit: int, now: datetime) -> list[Letter]:
        if limit <= 0 or not is_free(box.free_at, now) or not box.left(box.day_of(now)):
            return []
        due = box.waiting[: box.due_until(now)]
        if not box.pace.is_spaced:
            return due[:limit]
        first = [one for one in due if one.kind is MailKind.MANUAL][:limit]
        rest = [one for one in due if one.kind is not MailKind.MANUAL]
        return first + rest[: limit - len(first)]

    def _take(self, box: Box, found: Sequence[Letter], now: datetime) -> list[Letter]:
        """Those that may leave at this hour, as far as cap and gap go; the others wait for an opening."""
        openings = {one.number: _opening(one, now) for one in found}
        for one in found:
            if openings[one.number] > now:
                self._put_off(box, one, openings[one.number])
        day = box.day_of(now)
        open_now = [one for one in found if openings[one.number] <= now]
        taken = open_now[: min(1 if box.pace.is_spaced else len(open_now), box.left(day))]
        if taken:
            box.used[day] = box.used.get(day, 0) + len(taken)
            box.take(taken)
        return taken

    def _put_off(self, box: Box, letter: Letter, opening: datetime) -> None:
        box.take([letter])
        actor = letter.actor
        if actor is None:
            box.put(replace(letter, due_at=opening))
            return
        zone, country = actor.person.zone, actor.person.country or None
        after = actor.facts.budgets.late_working_days
        late = is_too_late(letter.due_at, opening, zone=zone, country=country, after=after)
        since = letter.late_from or (letter.due_at if late else None)
        self.script.wait_until(actor, opening, held=since)

    def _handful(
        self, batch: Sequence[tuple[Box, Letter]], claimed: Sequence[tuple[Box, Letter]], now: datetime
    ) -> None:
        """All ten are judged before anything is written of any; of those claimed the older ones go first."""
        in_hand = [one for _, one in claimed]
        judged = [
            (box, one, None if one.actor is None else _judge(one.actor, one, in_hand, now))
            for box, one in batch
        ]
        leaving = []
        for box, one, answer in judged:
            if one.actor is None or answer is None or _allows(answer):
                leaving.append((box, one))
                continue
            box.give_back(box.day_of(now))
            if box.pace.is_spaced:
                box.free_at = None
            self._stays(one.actor, answer, now)
        for box, one in leaving:
            self._leaves(box, one, now)

    def _stays(self, actor: Actor, answer: Decision | str, now: datetime) -> None:
        if isinstance(answer, str):
            self.script.pause(actor, StopReason.TOO_LATE, answer, now)
        elif answer.verdict is Verdict.DENY:
            self.script.stop(actor, answer, now)
        elif needs_a_person(answer):
            self.script.pause(actor, StopReason.IN_DOUBT, codes(answer), now)
        else:
            seed = seed_of(actor.enrolment_id, actor.position)
            self.script.wait_until(actor, next_look(answer, actor.person, seed=seed, now=now))

    def _leaves(self, box: Box, letter: Letter, now: datetime) -> None:
        if box.pace.is_spaced:
            box.free_at = now + box.rest(box.day_of(now))
        if letter.actor is not None:
            letter.actor.note_mail(now)
            self.script.tell(letter.actor, Happening.MAIL, now, due_at=letter.due_at)
            self.script.advance(letter.actor, now)


def _judge(actor: Actor, letter: Letter, in_hand: Sequence[Letter], now: datetime) -> Decision | str:
    zone, country = actor.person.zone, actor.person.country or None
    older = [one.actor for one in in_hand if one.number < letter.number]
    facts = actor.facts_at(now, beside=sum(one is not None and one.firm is actor.firm for one in older))
    since = letter.late_from or letter.due_at
    if is_too_late(since, now, zone=zone, country=country, after=facts.budgets.late_working_days):
        return "too_late"
    return actor.ask(facts, now)


def _allows(answer: Decision | str) -> bool:
    return not isinstance(answer, str) and answer.allows


def _opening(letter: Letter, now: datetime) -> datetime:
    person = letter.actor.person if letter.actor is not None else letter.person
    seed = letter.actor.enrolment_id if letter.actor is not None else letter.number
    if person is None:
        return now
    return release_at(now, zone=person.zone, country=person.country or None, seed=seed)
