"""The provider: takes mail or not, answers or not, and tells later what became of it, in any order."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from crm.delivery.ports import (
    BATCH_LIMIT,
    Accepted,
    Envelope,
    NotSent,
    NotSentReason,
    Outcome,
    Rejected,
    Uncertain,
)
from crm.handoff.ports import Acknowledged, Conflict, TryLater, TryLaterReason
from crm.handoff.ports import HandOver as LeadAnswer
from tests.simulation.history import Answer, HandOver
from tests.simulation.turns import Turns

TEMPORARY = (
    NotSentReason.THROTTLED,
    NotSentReason.DEFERRED,
    NotSentReason.UNREACHABLE,
    NotSentReason.OUT_OF_TIME,
)


@dataclass
class Provider:
    """One provider for everybody; its history is what the judge believes."""

    turns: Turns
    on_taken: Callable[[HandOver], None] = lambda _: None
    history: list[HandOver] = field(default_factory=list)
    open_transactions: list[str] = field(default_factory=list)
    """Hand-overs that began while the worker held a transaction (I44)."""

    def take(self, envelope: Envelope) -> Outcome:
        """One message, as far as the worker lives."""
        turns, weather, chance = self.turns, self.turns.weather, self.turns.chance
        if turns.is_inside:
            self.open_transactions.append(envelope.public_id)
        turns.point("transport.before_body")
        odds = chance.random()
        turns.clock.now += timedelta(seconds=round(chance.random() * 2.5, 3))
        entry = HandOver(
            len(self.history), turns.clock.now, envelope.public_id, envelope.recipient, envelope.wire
        )
        self.history.append(entry)
        turns.note(f"hand-over {entry.place} {envelope.public_id} {envelope.recipient}")
        if odds < weather.again:
            entry.answer = Answer.AGAIN
            return NotSent(chance.choice(TEMPORARY), pause_mailbox=odds < weather.again / 40)
        turns.point("transport.mid_body")
        if odds < weather.again + weather.refused:
            entry.answer = Answer.REFUSED
            return Rejected("550 5.1.1" if chance.random() < 0.5 else "550 5.7.1", "no")
        is_lost = odds < weather.again + weather.refused + weather.lost
        entry.taken = not is_lost or chance.random() < 0.5
        if entry.taken:
            self.on_taken(entry)
        turns.point("transport.after_response")
        if is_lost:
            return Uncertain("timed_out")
        entry.answer = Answer.ACCEPTED
        return Accepted(f"sim-{entry.place}")


@dataclass
class SimulatedMailer:
    """One worker's way to it."""

    provider: Provider

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        if len(batch) > BATCH_LIMIT:
            raise ValueError("at most ten messages at once")
        return [self.provider.take(one) for one in batch]

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class SimulatedImageService:
    """Keeps a lead once, whatever is lost on the way back (I25)."""

    turns: Turns
    chance: Random
    leads: dict[str, bytes] = field(default_factory=dict)
    effects: list[tuple[str, datetime]] = field(default_factory=list)
    """Every time a record was made there."""

    def hand_over(self, lead_id: str, body: bytes) -> LeadAnswer:
        self.turns.point("hand_off.before_call")
        odds = self.chance.random()
        if self.turns.weather.lost and odds < 0.4:
            return TryLater(TryLaterReason.UNREACHABLE)
        if lead_id not in self.leads:
            self.leads[lead_id] = body
            self.effects.append((json.loads(body)["lead_id"], self.turns.clock.now))
        if self.leads[lead_id] != body:
            return Conflict("other_body")
        self.turns.point("hand_off.after_response")
        if self.turns.weather.lost and odds < 0.6:
            return TryLater(TryLaterReason.NO_ANSWER)
        return Acknowledged(f"remote-{lead_id}"[:64])
