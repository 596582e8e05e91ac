"""Every fault point is passed by a test: in a simulated life, an operation, or by somebody who dies there.

A crash test that names a point wants somebody to have died at it, so naming it in one is passing it.
"""

import re
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from crm.kernel import faults
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from tests import databases, world
from tests.conftest import FakeClock
from tests.crash.forks import ROOT, Forks
from tests.crash.operations import OPERATIONS, Trial
from tests.simulation.run import Simulation

STOPPING = "tests.crash.stopping"
ENDS = {"startup.mid": "crm.bootstrap.worker", "shutdown.mid": STOPPING}
AREAS = {"send": 13, "consent": 5, "webhooks": 5, "hand-off": 5, "import": 4, "ops": 3}
"""How many at least, of those that exist so far: backup, restore and key rotation come with theirs."""

PREFIXES = {
    "send": (
        "plan",
        "claim",
        "gate",
        "transport",
        "record",
        "reaper",
        "cap",
        "pause",
        "resume",
        "resolve",
        "guard",
    ),
    "consent": ("refuse", "erase", "understand", "inbox"),
    "webhooks": ("events", "hook"),
    "hand-off": ("hand_off", "lead", "report"),
    "import": ("import", "export", "enrol"),
    "ops": ("audit", "startup", "shutdown"),
}


def quoted(files: Iterable[Path], pattern: str) -> set[str]:
    return {name for file in files for name in re.findall(pattern, file.read_text())}


def in_the_program() -> set[str]:
    files = [path for path in (ROOT / "crm").rglob("*.py") if path.name != "faults.py"]
    return quoted(files, r'\bpoint\(\s*"([a-z_.]+)"')


def named_by_crash_tests() -> set[str]:
    files = [path for path in (ROOT / "tests" / "crash").glob("test_*.py") if path != Path(__file__)]
    return quoted(files, r'"([a-z_]+(?:\.[a-z_]+)+)(?:=[a-z]+[^"]*)?"')


def passed_in_operations(settings: Settings, empty: Path, folder: Path) -> set[str]:
    """The main operations, each once: every statement of theirs fails in `test_every_statement`."""
    passed: set[str] = set()
    for name, operation in OPERATIONS.items():
        place = folder / name
        place.mkdir()
        with databases.copy_of_file(empty, place) as url:
            database = Database(url)
            clock = FakeClock()
            trial = Trial(world.services(settings, database, Clocks(clock, clock)), clock)
            operation.ready(trial)
            with faults.watched(passed.add):
                operation.do(trial)
            database.dispose()
    return passed


def passed_in_months(seeds: Iterable[int]) -> set[str]:
    passed: set[str] = set()
    for seed in seeds:
        with faults.watched(passed.add):
            Simulation(seed, 10).run()
    return passed


def test_there_are_as_many_points_as_the_programme_asks_for() -> None:
    names = in_the_program()
    assert len(names) >= 40
    for area, fewest in AREAS.items():
        found = {name for name in names if name.split(".")[0] in PREFIXES[area]}
        assert len(found) >= fewest, (area, sorted(found))
    assert {name.split(".")[0] for name in names} <= {one for some in PREFIXES.values() for one in some}


def test_each_is_passed_by_a_month_by_an_operation_or_by_somebody_who_dies_there(
    settings: Settings, empty_file: Path, tmp_path: Path
) -> None:
    passed = passed_in_months([3, 4]) | passed_in_operations(settings, empty_file, tmp_path)
    assert in_the_program() - named_by_crash_tests() - passed - set(ENDS) == set()


@pytest.mark.parametrize(("point", "module"), ENDS.items())
def test_a_worker_that_dies_as_it_starts_or_stops_starts_and_stops_again(
    forks: Forks, settings: Settings, point: str, module: str
) -> None:
    env = world.environment(settings.var, settings.database_url)
    assert forks.run(module, env=env, fault=f"{point}=kill").status == -signal.SIGKILL
    ended = forks.run(STOPPING, env=env)
    assert ended.status == 0, ended.err
