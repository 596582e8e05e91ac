"""The long run's workers: started, waited for, killed and counted."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from crm.kernel.clock import monotonic

SLOW: Final = ",".join(
    f"{name}=sleep:0.004"
    for name in (
        *("plan.after_read", "claim.after_commit", "gate.after_read", "record.before_commit"),
        *("transport.before_body", "transport.mid_body", "transport.after_response"),
    )
)
"""Points at which a worker takes its time, so that kills hit something."""

_PATIENCE: Final = 120.0  # real seconds for one step of one worker


class Workers:
    """The first is never killed: its memory is looked at."""

    def __init__(self, var: Path, env: dict[str, str], *, faults: bool) -> None:
        self._order = "faults\n" if faults else "calm\n"
        self._folder = var / "soak"
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "scripts.demo.soak_worker"],
            env={**env, "CRM_FAULTS": SLOW} if faults else env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._alive: list[int] = []
        self._killers: list[threading.Thread] = []
        self.kills = 0

    def start(self, count: int) -> None:
        """So many workers."""
        self._alive = [self._spawn() for _ in range(count)]

    def _spawn(self) -> int:
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(self._order)
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())

    def kill_one(self, chance: random.Random) -> None:
        """Somewhere in the middle of this step, one of them dies, and another takes its place."""
        place, pause = chance.randrange(1, len(self._alive)), chance.random() * 0.12

        def kill() -> None:
            time.sleep(pause)
            with suppress(ProcessLookupError):
                os.kill(self._alive[place], signal.SIGKILL)
            self.kills += 1
            self._alive[place] = self._spawn()

        thread = threading.Thread(target=kill)
        thread.start()
        self._killers.append(thread)

    def wait_for(self, now: datetime) -> None:
        """Until each worker has done everything of this step.

        Raises:
            TimeoutError: one of them hangs, or died by itself.
        """
        while self._killers:
            self._killers.pop().join()
        deadline = monotonic() + _PATIENCE
        for worker in list(self._alive):
            done = self._folder / f"{worker}.done"
            while not (done.exists() and done.read_text() == now.isoformat()):
                if monotonic() > deadline or (self._folder / f"{worker}.died").exists():
                    raise TimeoutError("\n".join(self.died()) or f"worker {worker} hangs")
                time.sleep(0.004)

    def measured(self) -> tuple[int, int]:
        """Resident kibibytes and open files of the one that nobody kills."""
        status = Path(f"/proc/{self._alive[0]}/status").read_text()
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(resident.split()[1]), len(list(Path(f"/proc/{self._alive[0]}/fd").iterdir()))

    def died(self) -> list[str]:
        """The last lines of those that ended though nobody killed them."""
        return [path.read_text()[-600:] for path in sorted(self._folder.glob("*.died"))]

    def close(self) -> None:
        """End them all."""
        for worker in self._alive:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.close()
        self._nursery.wait(20)
        self._nursery.stdout.close()
