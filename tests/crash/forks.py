"""Processes that may be killed, forked from one that has everything imported: `python -m tests.crash.forks`.

Starting takes two seconds of a processor, and a fork none. What is forked is as real: an id of its own,
connections of its own, and `kill -9` ends it wherever it is.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from crm.kernel import faults

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How a process ended (minus the signal that ended it), and what it said."""

    status: int
    out: str
    err: str


class Forks:
    """Runs `main()` of a module of the tests' in a process of its own, one after the other."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forks"],
            cwd=ROOT, env=dict(os.environ), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()

    def run(
        self, module: str, *words: str, env: Mapping[str, str] = {}, fault: str = "", given: bytes = b""
    ) -> Ended:
        """With these words as its arguments, `env` besides our own, and `given` to read."""
        assert self._process.stdin
        assert self._process.stdout
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "in").write_bytes(given)
            order = {"module": module, "words": words, "env": dict(env), "fault": fault, "folder": folder}
            self._process.stdin.write(f"{json.dumps(order)}\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            return Ended(status, *((Path(folder) / name).read_text() for name in ("out", "err")))


def _become(order: dict[str, Any], main: Any) -> int:
    folder = Path(order["folder"])
    os.dup2(os.open(folder / "in", os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT), number)
    os.environ.update(order["env"])
    sys.argv = [order["module"], *order["words"]]
    try:
        with faults.planned(order["fault"]):
            return int(main() or 0)
    except BaseException:  # noqa: BLE001 - shown by whoever asked
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def serve(orders: Iterable[str]) -> None:
    """Fork for each order, and say how it ended."""
    for order in map(json.loads, orders):
        main = importlib.import_module(order["module"]).main
        child = os.fork()
        if child == 0:
            os._exit(_become(order, main))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(sys.stdin)
