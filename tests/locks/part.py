"""What each of those who meet at the database is given, and the mailer they send with."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crm.delivery.ports import Envelope, Mailer, Outcome
from crm.kernel.clock import monotonic
from crm.services import Services
from tests.crash.plants import Dispatch
from tests.locks.watch import Watch

PAUSE = 0.01
"""Seconds between two looks, or two acts of a person; and how far off the provider is."""


@dataclass
class Part:
    """What each of them is given."""

    services: Services
    watch: Watch
    send: Dispatch
    people: int
    until: float
    """By the monotonic clock."""

    over: Callable[[], bool]
    chance: random.Random
    long: float
    """Seconds the reader stays in one transaction."""

    rounds: int | None = None
    """How often to go round, where it is only to be warm."""

    done: dict[str, int] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        self.done[what] = self.done.get(what, 0) + number

    def goes_on(self) -> bool:
        """Ask before each round."""
        if self.rounds is not None:
            self.rounds -= 1
            return self.rounds >= 0
        return not self.is_over()

    def is_over(self) -> bool:
        return monotonic() >= self.until or self.over() or self.watch.is_wrong


@dataclass
class FarMailer:
    """A provider some way off, before whom no transaction may be open."""

    inner: Mailer
    watch: Watch

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        self.watch.mails()
        time.sleep(PAUSE)
        return self.inner.send(batch)

    def close(self) -> None:
        """Nothing to give back."""
