"""Workers of the long run, real processes that somebody kills: `python -m scripts.demo.soak_worker`.

Reads orders from stdin and forks a worker for each, because starting takes a second and dying takes none. The
calendar stands still between two steps; a worker does everything in its timetable once a step, and says so.
"""

import json
import logging
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from crm.bootstrap.wiring import build_services, settings_from
from crm.delivery.ports import (
    Accepted,
    Envelope,
    Mailer,
    NotSent,
    NotSentReason,
    Outcome,
    Rejected,
    Uncertain,
)
from crm.kernel.clock import Clock, Clocks
from crm.scheduler.jobs import timetable
from crm.services import Services

NOW: Final = "soak-now"
HISTORY: Final = "soak-history.jsonl"
_IDLE: Final = 0.004  # real seconds between two looks at the calendar
_NEVER_HERE: Final = ("destroy_old_keys",)


def stepped(var: Path) -> Clock:
    """The calendar as the long run last set it; leases follow it too."""
    path = var / NOW
    return lambda: datetime.fromisoformat(path.read_text())


def write_now(var: Path, moment: datetime) -> None:
    """Set the calendar for everybody."""
    fresh = var / f"{NOW}.tmp"
    fresh.write_text(moment.isoformat())
    fresh.replace(var / NOW)


@dataclass
class Moody:
    """A provider that keeps its own history, and is not always well."""

    inner: Mailer
    history: Path
    clock: Clock
    chance: random.Random
    faults: bool

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        """See `crm.delivery.ports.Mailer`."""
        return [self._one(envelope) for envelope in batch]

    def close(self) -> None:
        """See there."""
        self.inner.close()

    def _one(self, envelope: Envelope) -> Outcome:
        odds = self.chance.random() if self.faults else 1.0
        if odds < 0.04:
            return NotSent(self.chance.choice((NotSentReason.THROTTLED, NotSentReason.UNREACHABLE)))
        self._note(envelope)
        if odds < 0.06:
            return Uncertain("connection_lost")
        if odds < 0.07:
            return Rejected("550 5.7.1", "not today")
        [outcome] = self.inner.send([envelope])
        return Uncertain("timed_out") if odds < 0.10 and isinstance(outcome, Accepted) else outcome

    def _note(self, envelope: Envelope) -> None:
        line = {
            "public_id": envelope.public_id,
            "recipient": envelope.recipient,
            "at": self.clock().isoformat(),
        }
        descriptor = os.open(self.history, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
        finally:
            os.close(descriptor)


def work(services: Services, done: Path) -> None:
    """Each step once, until somebody kills us."""
    seen = ""
    jobs = [job for job in timetable(1.0) if job.name not in _NEVER_HERE]
    while True:
        now = services.clocks.calendar().isoformat()
        if now == seen:
            time.sleep(_IDLE)
            continue
        for job in jobs:
            job.work(services, lambda: False)
        done.write_text(now)
        seen = now


def _live(services: Services, faults: bool) -> None:  # noqa: FBT001 - one caller
    var = services.settings.var
    moody = Moody(services.mailer, var / HISTORY, services.clocks.calendar, random.Random(), faults)  # noqa: S311
    try:
        work(replace(services, mailer=moody), var / "soak" / f"{os.getpid()}.done")
    except BaseException:
        (var / "soak" / f"{os.getpid()}.died").write_text(traceback.format_exc())
        raise
    finally:
        os._exit(1)


def main() -> None:
    """Fork a worker for each line: `calm` or `faults`."""
    services = build_services(settings_from())
    var = services.settings.var
    clock = stepped(var)
    services = replace(services, clocks=Clocks(calendar=clock, real=clock))
    services.database.dispose()
    logging.disable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for order in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _live(services, order.strip() == "faults")
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
