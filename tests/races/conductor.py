"""Whoever says which process goes on, how far, and in which order: one interleaving after another."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from typing import Final

from sqlalchemy import Connection as Session
from sqlalchemy import create_engine, text

from crm.kernel.clock import Clocks, monotonic
from crm.kernel.settings import Settings
from tests.races.actor import BEFORE_WRITE, FORK, Act, At, Birth, Ended, Go, Note, live
from tests.races.plants import Changes

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""The calendar when a race begins: a Monday, offices are open."""

ALL: Final = 1_000_000
_LOOK: Final = 0.003  # seconds until the server is asked whether somebody waits for a lock
_LONGEST: Final = 30.0  # seconds one step may take before something is wrong with the test itself
_WAITS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND wait_event_type = 'Lock'"
)


@dataclass(frozen=True)
class Turn:
    """Somebody goes on, past so many points."""

    who: int
    points: int = ALL
    later: timedelta = timedelta()
    """How far the clocks are moved before."""


@dataclass
class Course:
    """What happened in one interleaving."""

    ended: list[Ended]
    trail: list[str]
    """Who stood where, in their order: what a failure is read from."""

    @property
    def notes(self) -> list[Note]:
        """What was asked of the world outside, by CLOCK_MONOTONIC."""
        return sorted((note for one in self.ended for note in one.notes), key=lambda note: note.at)

    @property
    def slept(self) -> bool:
        """Somebody stood longer than a lease."""
        return any("later" in step for step in self.trail)

    @property
    def faults(self) -> list[str]:
        return [one.fault for one in self.ended if one.fault]

    def handed(self) -> list[str]:
        """Public ids of messages, in the order in which they were handed over."""
        return [note.what for note in self.notes if note.kind == "mail"]


@dataclass
class _Player:
    """One process, as its conductor sees it."""

    process: ForkProcess
    tell: Connection
    hear: Connection
    act: int = -1
    """What it is to begin with; -1 once it has begun."""

    at: At | None = None
    ended: Ended | None = None
    is_waiting: bool = False
    """Was let go, and is held up by a lock of the server."""


class SharedClock:
    """One clock for every process, moved by the conductor."""

    def __init__(self) -> None:
        self._seconds = FORK.RawValue("d", 0.0)

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=self._seconds.value)

    def set(self, seconds: float) -> None:
        self._seconds.value = seconds

    def advance(self, by: timedelta) -> None:
        self._seconds.value += by.total_seconds()


@dataclass
class Conductor:
    """Lets several processes act, in an order that it is given."""

    settings: Settings
    clock: SharedClock
    acts: Sequence[Act]
    _players: list[_Player] = field(default_factory=list)
    _watch: Session | None = None

    @contextmanager
    def with_players(self, count: int, plant: Changes = ()) -> Iterator["Conductor"]:
        """Fork them. Nothing of the database may be open here."""
        clocks = Clocks(calendar=self.clock, real=self.clock)
        for number in range(count):
            hear_order, tell = FORK.Pipe(duplex=False)
            hear, say = FORK.Pipe(duplex=False)
            born = Birth(number, self.settings, clocks, self.acts, plant)
            process = FORK.Process(target=live, args=(born, hear_order, say), daemon=True)
            process.start()
            hear_order.close()
            say.close()
            self._players.append(_Player(process, tell, hear))
        if not self.settings.database_url.startswith("sqlite"):
            self._watch = create_engine(self.settings.database_url, isolation_level="AUTOCOMMIT").connect()
        try:
            yield self
        finally:
            if self._watch is not None:
                self._watch.close()
                self._watch.engine.dispose()
                self._watch = None
            self._end()

    def _is_locked(self, who: int) -> bool:
        """Tell whether the server holds somebody up until somebody else commits. SQLite's lock we see."""
        if self._watch is None:
            return False
        return bool(self._watch.execute(_WAITS, {"name": f"race-{who}"}).scalar_one())

    def _end(self) -> None:
        for one in self._players:
            one.tell.send(None)
            one.tell.close()
        for one in self._players:
            one.process.join(10)
            one.hear.close()
        self._players.clear()

    def play(self, acts: Sequence[int], turns: Sequence[Turn]) -> Course:
        """One interleaving: the turns as they are given, then everybody to the end, the last one first."""
        players = self._players[: len(acts)]
        trail: list[str] = []
        for one, act in zip(players, acts, strict=True):
            one.act, one.at, one.ended, one.is_waiting = act, None, None, False
        for turn in turns:
            self.clock.advance(turn.later)
            trail += [f"{turn.later.total_seconds():.0f} s later"] if turn.later else []
            self._turn(turn.who, turn.points, trail)
        rest = [*dict.fromkeys(turn.who for turn in reversed(turns)), *range(len(players))]
        deadline = monotonic() + _LONGEST
        while any(one.ended is None for one in players):
            for who in rest:
                self._turn(who, ALL, trail)
            assert monotonic() < deadline, trail
        return Course([one.ended for one in players if one.ended is not None], trail)

    def _turn(self, who: int, points: int, trail: list[str]) -> None:
        """Let somebody go on until they stand, end, or wait for a lock of somebody who stands."""
        one = self._players[who]
        if one.ended is not None or (not one.is_waiting and not self._let_go(who, points)):
            return
        deadline = monotonic() + _LONGEST
        while not one.hear.poll(_LOOK):
            if self._is_locked(who):
                trail += [] if one.is_waiting else [f"{who} waits for a lock"]
                one.is_waiting = True
                return
            assert monotonic() < deadline, trail
        said = one.hear.recv()
        one.is_waiting = False
        if isinstance(said, Ended):
            one.ended = said
            trail.append(f"{who} ended" + (f" with {said.fault.splitlines()[-1]}" if said.fault else ""))
        else:
            one.at = said
            trail.append(f"{who} at {said.point}")

    def _let_go(self, who: int, points: int) -> bool:
        one = self._players[who]
        is_taken = self._watch is None and any(other.at and other.at.holds for other in self._players)
        if points <= 0 or (is_taken and one.at is not None and one.at.point == BEFORE_WRITE):
            return False
        go = Go(points, is_taken)
        one.tell.send(go if one.act < 0 else (one.act, go))
        one.act, one.at = -1, None
        return True
