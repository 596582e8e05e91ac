"""What happens at the vigil, round by round, and what is found at its end."""

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from crm.adapters.maildir import Maildir
from crm.bootstrap.home import INBOX, SENT
from crm.kernel.clock import monotonic
from crm.services import Services
from scripts.demo.people import Due
from scripts.demo.soak_colleagues import Office
from scripts.demo.soak_judge import Pace, Verdicts, judge
from scripts.demo.soak_people import Crowd
from scripts.demo.temper import Act
from scripts.demo.vigil_gauges import Gauges
from scripts.demo.vigil_logs import errors_in
from scripts.demo.vigil_parts import Processes
from scripts.demo.vigil_staff import Colleague

_BREATH: Final = 0.1  # real seconds between two looks
_LOOKS: Final = 60
"""Samples of memory in a run, at least."""

_REST: Final = 75.0
"""Real seconds after the last kill: the leases of the dead are over after sixty."""

_ON_ITS_WAY: Final = 20.0
"""Real seconds from a claim to the last hand-over of its handful, on a busy machine."""


@dataclass
class Witnesses(Crowd):
    """Recipients for whom no worker waits: what was handed over is read before noting what they were told."""

    services: Services = field(kw_only=True)

    def _note(self, due: Due, statuses: list[int], account: str) -> None:
        if due.plan.act in {Act.ONE_CLICK, Act.CHOOSE}:
            self.keep_history(self.services.database)
        super()._note(due, statuses, account)


@dataclass
class Vigil:
    """All that takes part."""

    chosen: argparse.Namespace
    services: Services
    crowd: Witnesses
    office: Office
    colleague: Colleague
    processes: Processes
    gauges: Gauges
    chance: random.Random
    died: list[str] = field(default_factory=list)

    def live(self) -> None:
        """Until the time is over."""
        var, begun = self.services.settings.var, monotonic()
        sent, inbox = Maildir(var / SENT), Maildir(var / INBOX)
        seconds = 60 * self.chosen.minutes
        every = min(self.chosen.kill_every, seconds / 4)
        until, look_at, kill_at = begun + seconds, begun, begun + every
        while monotonic() < until and not self.died:
            self._round(sent, inbox)
            if monotonic() >= look_at:
                self.processes.measure(self.gauges)
                look_at += min(seconds / _LOOKS, 30.0)
            if self.chosen.faults and monotonic() >= kill_at and kill_at < until - every / 2:
                self.processes.kill_one(self.chance)
                kill_at += every
        rest = monotonic() + min(_REST, seconds / 4)
        while monotonic() < rest and not self.died:
            self._round(sent, inbox)

    def _round(self, sent: Maildir, inbox: Maildir) -> None:
        self.died = self.processes.died()
        self.crowd.keep_history(self.services.database)
        self.crowd.look(sent)
        self.crowd.act(inbox)
        self.office.work(self.services.clocks.calendar())
        time.sleep(_BREATH)

    def come_to_rest(self) -> None:
        """A colleague lets go on what a guardrail held, and the workers look once more."""
        self.office.let_go_on(self.services.clocks.calendar())
        end = monotonic() + 3
        while monotonic() < end:
            time.sleep(_BREATH)

    def verdicts(self) -> Verdicts:
        """What is wrong."""
        clocks, speed = self.services.clocks, self.services.clocks.speed
        self.crowd.keep_history(self.services.database)
        way = timedelta(seconds=_ON_ITS_WAY * speed)
        pace = Pace(late=way, on_its_way=way, leases_at=clocks.real())
        now = clocks.calendar()
        found = judge(
            self.services.database, self.crowd.history, self.crowd.told, self.office.again, now, pace
        )
        found.died = self.died
        logs = self.services.settings.var / "logs"
        found.errors = errors_in(logs, killed=self.processes.killed_web) + self.colleague.wrong
        found.gauges = list(self.gauges.faults())
        return found

    def rows(self) -> Iterator[tuple[str, str]]:
        """For the report."""
        yield "minutes", f"{self.chosen.minutes:g}"
        yield "prospects", str(self.office.people())
        yield "hand-overs", str(len(self.crowd.history))
        yield "killed", f"workers {self.processes.killed_workers} web {self.processes.killed_web}"
        yield "final answers to a no", str(len(self.crowd.told))
        yield "messages", " ".join(f"{name} {count}" for name, count in sorted(self.office.states().items()))
        pages = " ".join(f"{status} {count}" for status, count in sorted(self.colleague.answers.items()))
        yield "pages, notes", f"{pages}, {self.colleague.notes}"
        yield from self.gauges.lines()
