"""One simulated run: what the program does by itself, and what people do to it, all from one seed.

The calendar jumps from one moment at which something is due to the next. At each, everybody who has something
to do takes turns with a few workers at the fault points of the program.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Protocol

from crm.kernel import faults
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.workflows.people import import_run
from crm.workflows.refusals import erase
from tests.conftest import FakeClock
from tests.simulation import dump
from tests.simulation.agenda import Scene
from tests.simulation.chances import seeded
from tests.simulation.evidence import Evidence, Findings
from tests.simulation.history import What
from tests.simulation.installation import Installation, installation, make_ready
from tests.simulation.judge import judge
from tests.simulation.planting import replaced
from tests.simulation.stage import CROWD, Stage
from tests.simulation.turns import CALM, Turns, Weather

FIRST_DAYS = (
    datetime(2026, 3, 2, tzinfo=UTC),
    datetime(2026, 3, 16, tzinfo=UTC),
    datetime(2026, 10, 12, tzinfo=UTC),
    datetime(2027, 12, 6, tzinfo=UTC),
    datetime(2028, 4, 3, tzinfo=UTC),
)
"""A plain month, both clock changes, Christmas, and a spring full of holidays."""

SETTLING = timedelta(days=3)
"""Faultless days at the end, in which everything must come to rest."""


class Plant(Protocol):
    """A fault put into the program for one run."""

    def __call__(self, made: Installation, /) -> AbstractContextManager[None]: ...


@dataclass
class Simulation:
    """A run. The same seed is the same run."""

    seed: int
    days: int = 30
    people: int = 12
    weather: Weather | None = None
    database_url: str | None = None
    plant: Plant | None = None
    alone: bool = False
    """One worker at a time."""

    moments: int = field(default=0, init=False)
    turns: Turns = field(init=False)

    def run(self) -> Findings:
        """Play it to its end, let it settle, and judge."""
        chance = Random(f"crm-{self.seed}")  # noqa: S311 - to be repeated, not to be secret
        clock = FakeClock(chance.choice(FIRST_DAYS) + timedelta(days=chance.randrange(7), hours=7))
        make_ready()
        with ExitStack() as stack:
            stack.enter_context(seeded(chance))
            stack.enter_context(replaced((erase, "monotonic", _still), (import_run, "monotonic", _still)))
            stack.enter_context(quiet())
            self.turns = Turns(chance, clock, self.weather or _weather(chance))
            made = stack.enter_context(
                installation(self.turns, people=self.people, database_url=self.database_url)
            )
            if self.plant is not None:
                stack.enter_context(self.plant(made))
            stack.enter_context(faults.watched(self.turns.point))
            stage = Stage(Scene(made, self.turns), crowd=(1,) if self.alone else CROWD)
            weather = self.turns.weather
            self._play(stage)
            settle(stage)
            return judge(evidence_of(stage.scene, weather))

    def _play(self, stage: Stage) -> None:
        stage.colleagues.come_in()
        self._until(stage, stage.scene.now + timedelta(days=self.days))

    def _until(self, stage: Stage, end: datetime) -> None:
        self.moments += stage.live_until(end)


def settle(stage: Stage) -> None:
    """No more faults and no more acts of people; reports that are on their way still come in."""
    stage.scene.turns.weather = CALM
    stage.is_over = True
    stage.colleagues.open_all()
    stage.live_until(stage.scene.now + SETTLING)


def _still() -> float:
    """What the program times by the machine it runs on: on a slow one the same seed must be the same run."""
    return 0.0


def _weather(chance: Random) -> Weather:
    """Some months are calm, some are not."""
    return chance.choice(
        (
            Weather(),
            Weather(dies=0.012, raises=0.01),
            Weather(lost=0.15, again=0.2, refused=0.05),
            Weather(aimed=0.15),
            Weather(freezes=0.02, dies=0.002),
            Weather(skew=600, aimed=0.0),
            CALM,
        )
    )


def evidence_of(scene: Scene, weather: Weather) -> Evidence:
    made = scene.made
    ring = made.services.settings.keys.addresses
    with made.services.database.reading() as session:
        tables = dump.take(session)
        stands = {
            one: bool(register.standing(session, ring.digests(EmailAddress.parse(one))))
            for one in made.people
        }
    noes = {one.whom for one in scene.told if one.what is What.REFUSED}
    return Evidence(
        history=made.provider.history,
        told=scene.told,
        dump=tables,
        people=made.people,
        mailboxes=made.mailboxes,
        sequences=made.sequences,
        at=scene.now,
        lead_effects=made.image_service.effects,
        standing={one: holds for one, holds in stands.items() if one in noes},
        standing_of_others={one: holds for one, holds in stands.items() if one not in noes},
        open_transactions=made.provider.open_transactions,
        broken=scene.turns.broken,
        clocks_agree=weather.skew <= 2,
    )


@contextmanager
def quiet() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
