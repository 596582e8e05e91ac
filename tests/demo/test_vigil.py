"""The program as delivered keeps a vigil: killed, visited, measured; and what would be wrong is seen."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.demo import vigil
from scripts.demo.vigil_gauges import SLOPE, WAL, Gauges, Sample
from scripts.demo.vigil_logs import errors
from tests.deep import IS_DEEP, size

pytestmark = pytest.mark.timeout(size(600, 6 * 3600))

_LONG = ("--minutes", "240", "--prospects", "100000")
TEN_MINUTES = 600.0
LEAK = """
import sys
kept, opened = [], []
for line in sys.stdin:
    kept.append(b"x" * 4_000_000)
    opened += [open("/dev/null"), open("/dev/null")]
    print(flush=True)
"""


def keep_vigil(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Hours on end; half a minute of it tells more of the machine than of the program."""
    clean = vigil.main([*_LONG, "--faults", "--var", str(tmp_path / "var")]) == 0
    told = capsys.readouterr().out
    assert clean, told
    report = dict(line.split(maxsplit=1) for line in told.splitlines() if " " in line)
    assert int(report["prospects"]) > int(_LONG[_LONG.index("--prospects") + 1]), told


if IS_DEEP:
    test_killed_again_and_again_it_loses_nothing_and_grows_by_nothing = pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"
    )(keep_vigil)


def gauges(tmp_path: Path, *figures: tuple[int, int], every: float) -> Gauges:
    """One process, looked at again and again: kibibytes and files."""
    found = Gauges(tmp_path / "none")
    found.samples["worker"] = [
        Sample(number * every, resident, files) for number, (resident, files) in enumerate(figures)
    ]
    return found


def test_a_process_that_grows_slowly_is_seen_in_a_long_run(tmp_path: Path) -> None:
    slowly = [(100_000 + number * (SLOPE + 100), 20) for number in range(12)]
    assert "grows by" in "".join(gauges(tmp_path, *slowly, every=TEN_MINUTES).faults())
    less = [(100_000 + number * (SLOPE - 100), 20) for number in range(12)]
    assert list(gauges(tmp_path, *less, every=TEN_MINUTES).faults()) == []


def test_a_process_that_is_warm_after_a_while_does_not_grow(tmp_path: Path) -> None:
    warm = [(60_000, 9), (90_000, 20), (110_000, 21), (120_000, 20)] + [(120_000, 20)] * 8
    assert list(gauges(tmp_path, *warm, every=TEN_MINUTES).faults()) == []


def test_a_process_that_keeps_memory_and_files_is_seen_in_a_short_run(tmp_path: Path) -> None:
    found = Gauges(tmp_path / "none")
    command = [sys.executable, "-c", LEAK]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
    with process:
        assert process.stdin
        assert process.stdout
        for _ in range(12):
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.stdout.readline()
            found.look("worker", process.pid)
        process.stdin.close()
    evenly = [one._replace(at=float(number)) for number, one in enumerate(found.samples["worker"])]
    found.samples["worker"] = evenly  # however busy the machine was
    grew, files = list(found.faults())
    assert "grew from" in grew
    assert "files open" in files


def test_a_log_that_is_never_written_back_is_seen(tmp_path: Path) -> None:
    found = gauges(tmp_path, *[(100_000, 20)] * 12, every=1.0)
    found.wal.touch()
    with found.wal.open("wb") as file:
        file.truncate(WAL + 1)
    found.look("nobody", -1)
    assert "write-ahead log" in next(found.faults())


def test_a_process_nobody_looked_at_is_no_proof(tmp_path: Path) -> None:
    assert list(gauges(tmp_path, (1, 1), every=1.0).faults()) == ["worker was not looked at"]


@pytest.mark.parametrize(
    "line",
    [
        '{"job": "plan", "event": "a job failed", "level": "error", "exception": "KeyError at x"}',
        '{"event": "gone", "level": "critical"}',
        "Traceback (most recent call last):",
        "[ERROR] Application callable raised an exception",
        "[ERROR] Unexpected exit from worker-2",
    ],
)
def test_an_error_in_a_log_is_seen(line: str) -> None:
    assert list(errors([line], killed=0)) == [line]


def test_what_was_killed_on_purpose_is_passed_over_once() -> None:
    line = "[ERROR] Unexpected exit from worker-2"
    assert list(errors([line, line], killed=1)) == [line]


def test_news_and_warnings_are_no_errors() -> None:
    lines = [
        '{"event": "sent", "level": "info"}',
        '{"event": "leases were over", "level": "warning"}',
        "[INFO] Up",
    ]
    assert list(errors(lines, killed=0)) == []
