"""Plays a pair: a scene, processes, one interleaving after another, and a look at the rows after each."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations

from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from tests import world
from tests.outreach import Outreach
from tests.races.conductor import Conductor, Course, SharedClock, Turn
from tests.races.pairs import LATER, Cast, Pair, Verdict
from tests.races.plants import Changes
from tests.races.scene import Scene
from tests.races.schedules import by_chance, slept, systematic

SEED = 20260302
_MOST = 200
"""Points of an act, at most; more than any has."""

Plan = tuple[Cast, tuple[Turn, ...]]
"""Which acts meet, and in which order."""


@dataclass
class Findings:
    """What was wrong, how often, and the first interleaving that shows each."""

    played: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    shown: dict[str, str] = field(default_factory=dict)

    def add(self, found: Sequence[str], cast: Cast, course: Course) -> None:
        self.played += 1
        self.wrong.update(found)
        for one in found:
            why = "\n".join(course.faults)
            self.shown.setdefault(one, f"{one}: acts {cast}: {'; '.join(course.trail)}\n{why}")


@dataclass
class Race:
    """A pair on one database."""

    pair: Pair
    settings: Settings
    plant: Changes = ()
    seed: int = SEED

    def run(self, count: int, *, until: str = "") -> Findings:
        """So many interleavings; fewer when only a fault of one name is looked for."""
        clock = SharedClock()
        database = Database(self.settings.database_url)
        services = world.services(self.settings, database, Clocks(calendar=clock, real=clock))
        self.pair.make(Outreach(services))
        database.dispose()
        conductor = Conductor(self.settings, clock, self.pair.acts)
        players = max(map(len, self.pair.casts))
        faults = (*self.pair.aside, *self.plant)
        with conductor.with_players(players, faults), Scene(self.settings.database_url) as scene:
            found = _Played(self.pair, database, conductor, scene, clock).play(count, self.seed, until)
        database.dispose()
        return found


@dataclass
class _Played:
    """A race that is on."""

    pair: Pair
    database: Database
    conductor: Conductor
    scene: Scene
    clock: SharedClock

    def play(self, count: int, seed: int, until: str) -> Findings:
        found = Findings()
        alone = [self._alone(act) for act in range(len(self.pair.acts))]
        ends = {cast: self._ends(cast) for cast in self.pair.casts} if self.pair.look else {}
        for cast, turns in self._plans(alone, count, seed):
            course, after = self._once(cast, turns)
            wrong = self.pair.judge(Verdict(cast, course, after, self.database))
            if self.pair.look is not None and self.pair.look(self.database) not in ends[cast]:
                wrong.append("another_end")
            found.add(wrong, cast, course)
            if until in found.wrong:
                break
        return found

    def _once(self, cast: Cast, turns: Sequence[Turn]) -> tuple[Course, Course]:
        self.scene.lay_back()
        self.clock.set(0.0)
        course = self.conductor.play(cast, turns)
        self.clock.advance(LATER)
        return course, self.conductor.play([self.pair.last], [Turn(0)])

    def _alone(self, act: int) -> list[str]:
        """The points an act passes with nobody else about."""
        self.scene.lay_back()
        steps = self.conductor.play([act], [Turn(0, 1)] * _MOST).trail
        return ["", *(step.partition(" at ")[2] for step in steps if " at " in step)]

    def _ends(self, cast: Cast) -> list[object]:
        """How it may end: as it does when one goes after the other, in any order that is possible."""
        assert self.pair.look is not None
        first = 1 if self.pair.since else 0
        ends: list[object] = []
        for order in permutations(range(first, len(cast))):
            turns = [Turn(who) for who in (*range(first), *order)]
            course, _after = self._once(cast, turns)
            assert not course.faults, course.faults
            end = self.pair.look(self.database)
            ends += [] if end in ends else [end]
        if self.pair.since:
            assert len(ends) == 1, ends  # nobody after them may know who came first
        return ends

    def _plans(self, alone: Sequence[list[str]], count: int, seed: int) -> Iterator[Plan]:
        """In turn one where two stand at each of their points, and one by chance."""
        pair, chance = self.pair, random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        points = [len(one) for one in alone]
        least = {cast: alone[cast[0]].index(pair.since) if pair.since else 0 for cast in pair.casts}
        twos = [cast for cast in pair.casts if len(cast) == 2]
        orderly: list[Plan] = [
            (cast, turns)
            for cast in twos
            for turns in systematic(points[cast[0]], points[cast[1]], least=least[cast])
        ]
        asleep: list[Plan] = [
            (cast, turns)
            for cast in twos
            for turns in slept(points[cast[0]], least=least[cast])
            if pair.sleeps
        ]
        chance.shuffle(orderly)
        chance.shuffle(asleep)
        orderly = [*asleep[: count // 6], *orderly][: (count + 1) // 2]
        chance.shuffle(orderly)
        wild = {
            cast: by_chance(
                [points[act] for act in cast], seed=f"{seed} {cast}", least=least[cast], sleeps=pair.sleeps
            )
            for cast in pair.casts
        }
        for number in range(count - len(orderly)):
            yield from orderly[number : number + 1]
            cast = pair.casts[number % len(pair.casts)]
            yield cast, next(wild[cast])
        yield from orderly[count - len(orderly) :]
