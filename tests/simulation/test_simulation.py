"""Months of the program's life from seeds: whatever people, providers and crashes do, the promises hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deep import size
from tests.simulation.run import Simulation

pytestmark = pytest.mark.timeout(size(300, 24 * 3600))

ROOT = Path(__file__).parents[2]
DAYS = 30
BLOCKS = 17
RUNS = size(4, 393)
"""In a block: 2,040 days in all, or 200,430."""

SEEDS = Path(__file__).with_name("seeds.txt")
"""Those that once went wrong, and must not again."""


def replay(seed: int) -> str:
    return f"again: PYTHONPATH=. .venv/bin/python -m tests.simulation --seed {seed} --days {DAYS} --trace"


def check(seed: int) -> None:
    findings = Simulation(seed, DAYS).run()
    assert not findings.wrong, f"{findings}\n{replay(seed)}"
    assert findings.hand_overs, replay(seed)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_in_a_month_of_faults_nobody_is_written_to_twice_at_night_or_after_a_no(block: int) -> None:
    for seed in range(block * RUNS, (block + 1) * RUNS):
        check(seed)


@pytest.mark.parametrize("seed", [int(line.split()[0]) for line in SEEDS.read_text().splitlines() if line])
def test_a_seed_that_once_went_wrong_does_not_again(seed: int) -> None:
    check(seed)


def test_the_same_seed_is_the_same_run_in_any_process() -> None:
    traces = []
    for salt in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", "7", "--days", "10", "--trace"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
        traces.append([line for line in ended.stdout.splitlines() if " hand-over " in line or "told" in line])
    assert traces[0] == traces[1]
    assert len(traces[0]) > 10
