"""One run: two workers, a hand that kills them, people who object, and quiet at the end."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text

from crm.kernel import keys
from crm.kernel.clock import monotonic
from crm.kernel.settings import Settings
from tests import world
from tests.crash.checker import Findings, judge
from tests.crash.objectors import Objectors
from tests.crash.plants import Plant, drop_unique_key
from tests.crash.stage import Stage, set_scene

ROOT = Path(__file__).parents[2]
WORKERS = 2
SLOW = (
    "claim.after_commit=sleep:0.01,gate.after_read=sleep:0.01,transport.before_body=sleep:0.008,"
    "transport.mid_body=sleep:0.004,transport.after_response=sleep:0.008,record.before_commit=sleep:0.01,"
    "plan.after_read=sleep:0.03,plan.before_commit=sleep:0.01"
)
"""A provider some way off, and a disk: without them a worker idles, and kills hit nothing."""


@dataclass
class Play:
    """How much of everything."""

    var: Path
    database_url: str
    people: int = 1_000
    kills: int = 200
    objections: int = 150
    within: float = 30.0
    """Seconds in which everybody comes due."""

    plant: Plant = Plant.NONE
    seed: int = 20260302
    kills_done: int = field(default=0, init=False)
    settings: Settings = field(init=False)

    def run(self) -> Findings:
        """Play it, wait for quiet, and judge."""
        self.var.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys.make_missing(self.var / "keys")
        env = world.environment(self.var, self.database_url)
        settings = self.settings = Settings.from_env(env)
        setting = Stage.enter(settings, monotonic())
        if self.plant is Plant.NO_UNIQUE_KEY:
            drop_unique_key(setting.database)
        set_scene(setting, self.people, within=self.within)
        setting.database.dispose()
        started = monotonic()
        nursery = Nursery(env, started, self.plant)
        stage = Stage.enter(settings, started)
        try:
            self._drama(stage, nursery)
            self._wait_for_quiet(stage)
        finally:
            nursery.close()
        findings = self._judged(stage)
        findings.died = [path.read_text() for path in self.var.glob("worker-*.log")]
        stage.database.dispose()
        return findings

    def _judged(self, stage: Stage) -> Findings:
        return judge(stage.database, stage.history, self._objectors.told)

    def _drama(self, stage: Stage, nursery: "Nursery") -> None:
        self._objectors = Objectors(stage, self.people, seed=self.seed)
        over = threading.Event()
        objecting = threading.Thread(target=self._object, args=(over,))
        objecting.start()
        chance = random.Random(self.seed)  # noqa: S311 - to be repeated, not to be secret
        workers = [nursery.spawn() for _ in range(WORKERS)]
        try:
            for _ in range(self.kills):
                victim = chance.randrange(WORKERS)
                let_live(workers[victim], chance)
                with suppress(ProcessLookupError):
                    os.kill(workers[victim], signal.SIGKILL)
                self.kills_done += 1
                workers[victim] = nursery.spawn()
        finally:
            over.set()
            objecting.join()

    def _object(self, over: threading.Event) -> None:
        for _ in range(self.objections):
            self._objectors.object_once()
            if over.wait(0.7 * self.within / self.objections):
                return

    def _wait_for_quiet(self, stage: Stage) -> None:
        """Until nothing is planned, due or in hand any more; the leases of the dead end after two seconds."""
        busy = text(
            "SELECT (SELECT count(*) FROM messages WHERE state IN ('due', 'claimed', 'sending'))"
            " + (SELECT count(*) FROM enrolments WHERE state = 'running' AND next_due_at IS NOT NULL)"
        )
        deadline = monotonic() + 60
        while monotonic() < deadline:
            with stage.database.reading() as session:
                if not session.execute(busy).scalar_one():
                    return
            time.sleep(0.2)


def let_live(worker: int, chance: random.Random) -> None:
    """Wait for a random moment of a worker's life, counted in work done: a busy machine changes nothing."""
    busy, deadline = chance.uniform(0.0, 0.06), monotonic() + 0.5
    born = _worked(worker)
    while _worked(worker) - born < busy and monotonic() < deadline:
        time.sleep(0.003)
    time.sleep(chance.uniform(0.0, 0.03))


def _worked(process: int) -> float:
    """Seconds of processor time, as the system counts them (proc(5): fields 14 and 15, a hundredth each)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("inf")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Nursery:
    """The process that makes workers."""

    def __init__(self, env: dict[str, str], started: float, plant: Plant) -> None:
        # Two planners must be seen to read one step; with the key in place nothing comes of it.
        slow = SLOW.replace("plan.after_read=sleep:0.03", "plan.after_read=sleep:0.3")
        faults = slow if plant is Plant.NO_UNIQUE_KEY else SLOW
        self.started = started
        more = {"CRASH_STARTED": str(started), "CRASH_PLANT": plant.value, "CRM_FAULTS": faults}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.worker"],
            cwd=ROOT,
            env={**os.environ, **env, **more},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._children: list[int] = []

    @property
    def alive(self) -> list[int]:
        """Workers that nobody killed yet."""
        return [child for child in self._children if Path(f"/proc/{child}").exists()]

    def spawn(self) -> int:
        """A new worker's process id."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("spawn\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        self._children.append(child)
        return child

    def close(self) -> None:
        """End every worker, and itself."""
        for child in self.alive:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()
