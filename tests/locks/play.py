"""Six processes at one SQLite file, for a while; then everything they counted."""

import gc
import json
import multiprocessing
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from multiprocessing import connection
from pathlib import Path

from crm.kernel.clock import Clocks, monotonic
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.services import Services
from crm.staff.models import Role, Staff
from tests import world
from tests.crash.stage import CALENDAR_SPEED, MONDAY, Stage, set_scene
from tests.fakes import MemoryMailer
from tests.locks.findings import Findings
from tests.locks.part import FarMailer, Part
from tests.locks.plants import Plant, plant, sending
from tests.locks.roles import NOOR, ROLES, WRITERS
from tests.locks.watch import Held, Waited, Watch

_OPEN = timedelta(hours=5)
"""What passes of the day from eleven on, however long the play."""

_LAST_CALL = 60.0  # seconds for the last copy, and for whatever was begun


@dataclass
class Play:
    """How much, and what is planted."""

    settings: Settings
    seconds: float
    people: int
    long: float = 2.0
    planted: Plant = Plant.NONE

    def run(self) -> Findings:
        """Play it to its end, or until something is wrong."""
        services = self._set_up()
        several = multiprocessing.get_context("fork")
        over, until = several.Event(), monotonic() + self.seconds
        processes = [
            several.Process(
                target=self._live,
                args=(one, replace(self._part(one, services), until=until, over=over.is_set)),
            )
            for one in ROLES
        ]
        for one in processes:
            one.start()
        connection.wait([one.sentinel for one in processes], self.seconds)
        over.set()
        for one in processes:
            one.join(_LAST_CALL)
        hanging = [one for one in processes if one.is_alive()]
        for one in hanging:
            one.kill()
        return self._findings()

    def _set_up(self) -> Services:
        """The world; and each who writes has gone round once, since a first statement takes long to build."""
        speed, started = _OPEN.total_seconds() / self.seconds, monotonic()

        def calendar() -> datetime:
            return MONDAY + timedelta(seconds=(monotonic() - started) * speed)

        def real() -> datetime:
            return MONDAY + timedelta(seconds=monotonic() - started)

        clocks = Clocks(calendar=calendar, real=real, speed=speed)
        database = Database(self.settings.database_url)
        with database.transaction() as session:
            session.add(
                Staff(
                    id=NOOR, name="Noor", email="n@p.example", password_hash="x", role=Role.SALES,
                    created_at=MONDAY,
                )
            )  # fmt: skip
        stage = Stage(self.settings, database, clocks)
        set_scene(stage, self.people, within=0.9 * self.seconds * speed / CALENDAR_SPEED)
        services = world.services(self.settings, database, clocks)
        for act in WRITERS:
            act(replace(self._part(act, services), rounds=1))
        database.dispose()  # before the forks
        return services

    def _part(self, act: Callable[[Part], None], services: Services) -> Part:
        return Part(
            services=services,
            watch=Watch(),
            send=sending(Plant.NONE),
            people=self.people,
            until=0.0,
            over=lambda: False,
            chance=random.Random(act.__name__),  # noqa: S311 - to be repeated, not to be secret
            long=self.long,
        )

    def _live(self, act: Callable[[Part], None], part: Part) -> None:
        """One process's life. What it learned is left in a file."""
        gc.freeze()  # or a look at all that was inherited copies it, in the middle of a transaction
        watch, died = part.watch, ""
        watch.listen(part.services.database)
        part = replace(
            part,
            services=replace(part.services, mailer=FarMailer(MemoryMailer(), watch)),
            send=sending(self.planted),
        )
        with plant(self.planted):
            try:
                act(part)
            except Exception:  # noqa: BLE001 - told to the test, whatever it is
                died = traceback.format_exc()
                watch.hear(died)
        told = {
            "done": part.done, "died": died, "locked": watch.locked, "while_mailing": watch.while_mailing,
            "waited": watch.waited, "held": watch.held,
        }  # fmt: skip
        self._file(act).write_text(json.dumps(told))

    def _file(self, act: Callable[[Part], None]) -> Path:
        return self.settings.var / f"{act.__name__}.json"

    def _findings(self) -> Findings:
        found = Findings()
        for act in ROLES:
            if not self._file(act).exists():
                found.died.append(f"{act.__name__} left nothing: it hangs, or was ended")
                continue
            told = json.loads(self._file(act).read_text())
            found.done |= told["done"]
            found.died += [told["died"]] if told["died"] else []
            found.locked += told["locked"]
            found.while_mailing += told["while_mailing"]
            found.waited += [Waited(*one) for one in told["waited"]]
            if told["held"]:
                found.held[act.__name__] = [Held(*one) for one in told["held"]]
        return found
