"""The vigil's processes: started as they are delivered, killed one by one, looked at from outside."""

import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from crm.bootstrap import parts
from crm.bootstrap.parts import Part
from crm.kernel.clock import monotonic
from scripts.demo.soak_workers import SLOW
from scripts.demo.vigil_gauges import Gauges
from scripts.demo.vigil_worker import FAULTS

_WORKERS: Final = ("scheduler", "scheduler-2")


class Processes:
    """The first worker and the first web process are never killed: what they hold is measured."""

    def __init__(self, env: dict[str, str], port: int, *, faults: bool) -> None:
        self._env, self._faults = parts.environ_of(env), faults
        self._logs = Path(env["CRM_VAR"]) / "logs"
        self._web = parts.web(env, port, workers=2)
        self._workers = {name: self._worker(name) for name in _WORKERS}
        self._spared: int | None = None
        self.killed_web = self.killed_workers = 0

    @property
    def parts(self) -> list[Part]:
        """All that run."""
        return [self._web, *self._workers.values()]

    def _worker(self, name: str) -> Part:
        command = [sys.executable, "-m", "scripts.demo.vigil_worker", *([FAULTS] if self._faults else [])]
        return Part(
            name, command, {**self._env, "CRM_FAULTS": SLOW} if self._faults else self._env, self._logs
        )

    def kill_one(self, chance: random.Random) -> None:
        """A worker and a web process in turn; somebody else takes its place."""
        second = _WORKERS[1]
        if self.killed_workers > self.killed_web and (victims := self._web_processes()[1:]):
            with suppress(ProcessLookupError):
                os.kill(chance.choice(victims), signal.SIGKILL)
                self.killed_web += 1
            return
        dead = self._workers[second]
        dead.process.kill()
        dead.stop(monotonic())
        self.killed_workers += 1
        self._workers[second] = self._worker(second)

    def measure(self, gauges: Gauges) -> None:
        """Look at those that are spared."""
        gauges.look("worker", self._workers[_WORKERS[0]].process.pid)
        gauges.look("web server", self._web.process.pid)
        for first in self._web_processes()[:1]:
            gauges.look("web process", first)

    def died(self) -> list[str]:
        """Those that ended though nobody killed them."""
        ended = [part.name for part in self.parts if part.process.poll() is not None]
        spared = self._web_processes()[:1]
        return ended + ([] if spared == [self._spared] else ["the web process that is spared"])

    def stop(self) -> None:
        """All of them, in order."""
        parts.stop(self.parts)

    def _web_processes(self) -> list[int]:
        """Granian's processes that answer, the spared one first."""
        found = sorted(one for one in _children(self._web.process.pid) if _serves(one))
        if self._spared is None and len(found) == 2:
            self._spared = found[0]
        return sorted(found, key=lambda one: one != self._spared)


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def _serves(process: int) -> bool:
    with suppress(OSError):
        return b"resource_tracker" not in Path(f"/proc/{process}/cmdline").read_bytes()
    return False
