"""One of several real processes on one database, which stops at every point until it is let go.

Points are the program's own (`crm/kernel/faults.py`) and the beginning of each transaction. Actors are forks
of the test, which has everything imported, and live for many rounds: starting would cost more than the race.
"""

import logging
import multiprocessing
import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from typing import Any, Final

from sqlalchemy import Connection as Session
from sqlalchemy import Engine, event

from crm.delivery.ports import Accepted, Envelope, Outcome
from crm.handoff.ports import Acknowledged, HandOver
from crm.kernel import faults
from crm.kernel.clock import Clocks, monotonic
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.kernel.sqlite import WRITES
from crm.services import Services
from tests import world
from tests.races.plants import Changes
from tests.simulation.planting import put

BEFORE_WRITE: Final = "begin.write"
FORK: Final = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Go:
    """Pass so many points, the one at hand included, and stand at the next."""

    points: int
    is_taken: bool
    """Somebody who stands still holds SQLite's write lock: stop before asking for it."""


@dataclass(frozen=True)
class At:
    """Stands at a point."""

    point: str
    holds: bool
    """A transaction that writes is open."""


@dataclass(frozen=True)
class Note:
    """Somebody outside was asked something: `what` names it for ever."""

    at: float
    """CLOCK_MONOTONIC, right before it was."""

    kind: str
    what: str
    more: str = ""


@dataclass(frozen=True)
class Ended:
    """Did all it was to do."""

    at: float = 0.0
    """CLOCK_MONOTONIC, when whoever asked had the answer."""

    result: Any = None
    fault: str = ""
    notes: tuple[Note, ...] = ()


Act = Callable[["Hand"], Any]


@dataclass
class Hand:
    """What an act may use, inside an actor."""

    services: Services
    answer: Outcome | None = None
    """What the mail provider answers; None takes everything."""

    notes: list[Note] = field(default_factory=list)

    def note(self, kind: str, what: str, more: str = "") -> None:
        self.notes.append(Note(monotonic(), kind, what, more))

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """As a provider that keeps a history."""
        for one in batch:
            self.note("mail", one.public_id, one.recipient)
        faults.point("provider.has_it")
        return [self.answer or Accepted(f"race-{one.public_id[:8]}") for one in batch]

    def close(self) -> None:
        """Nothing is open."""

    def hand_over(self, lead_id: str, body: bytes) -> HandOver:
        """As an image service that keeps a history; it knows a lead by its id."""
        self.note("lead", lead_id, body.decode())
        faults.point("service.has_it")
        return Acknowledged(f"remote-{lead_id}"[:64])


@dataclass(frozen=True)
class Birth:
    """What a process is given."""

    number: int
    settings: Settings
    clocks: Clocks
    acts: Sequence[Act]
    plant: Changes


def live(born: Birth, hear: Connection, say: Connection) -> None:
    """Wait for an act's number, do it, and say how it ended; until nobody is left to ask for one."""
    logging.disable()
    url = born.settings.database_url
    # Who sees what does not hang on the disk, and nobody pulls a plug here.
    quick = f"?application_name=race-{born.number}&options=-csynchronous_commit%3Doff"
    own = url if url.startswith("sqlite") else url + quick
    services = world.services(born.settings, Database(own), born.clocks)
    hand = Hand(services)
    hand.services = replace(services, mailer=hand, image_service=hand)
    stop = _Stop(hear, say, services.database)
    try:
        with put(*born.plant), faults.watched(stop.reach):
            while (order := hear.recv()) is not None:
                stop.begin(order[1])
                ended = _done(hand, born.acts[order[0]])
                stop.is_on = False
                say.send(ended)
    except (EOFError, BrokenPipeError):
        pass
    finally:
        os._exit(0)


def _done(hand: Hand, act: Act) -> Ended:
    hand.notes.clear()
    hand.answer = None
    result, fault = None, ""
    try:
        result = act(hand)
    except Exception:  # noqa: BLE001 - the judge is told
        fault = traceback.format_exc()
    return Ended(monotonic(), result, fault, tuple(hand.notes))


class _Stop:
    """Stands still where it was told to."""

    def __init__(self, hear: Connection, say: Connection, database: Database) -> None:
        self._hear, self._say = hear, say
        self._left = 0
        self._is_taken = False
        self._holds = False
        self.is_on = False
        engine = database.engine
        event.listen(Engine, "begin", self._before)  # those of the class come before those of one engine
        event.listen(engine, "begin", self._after)
        event.listen(engine, "commit", self._let_go)
        event.listen(engine, "rollback", self._let_go)

    def begin(self, go: Go) -> None:
        self._left, self._is_taken, self.is_on = go.points, go.is_taken, True

    def reach(self, name: str) -> None:
        """Pass a point, or stand there until told to go on."""
        while self.is_on and (self._left <= 0 or (self._is_taken and name == BEFORE_WRITE)):
            self._say.send(At(name, self._holds))
            go = self._hear.recv()
            if go is None:
                raise EOFError
            self._left, self._is_taken = go.points, go.is_taken
        self._left -= 1

    def _before(self, connection: Session) -> None:
        self.reach(BEFORE_WRITE if connection.get_execution_options().get(WRITES) else "begin.read")

    def _after(self, connection: Session) -> None:
        self._holds = bool(connection.get_execution_options().get(WRITES))

    def _let_go(self, _connection: Session) -> None:
        self._holds = False
