"""The vigil's look into every log: what is an error, and which ones were planned."""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_BAD: Final = {"error", "critical", "exception"}
_PLAIN: Final = re.compile(r"\[(ERROR|CRITICAL|FATAL)\]|^Traceback \(most recent call last\)|panicked at")
_KILLED: Final = "Unexpected exit from worker"
"""Granian's words for one of its processes that somebody killed."""


def errors(lines: Iterable[str], *, killed: int) -> Iterator[str]:
    """Lines that report a fault; of processes that ended, as many are passed over as were killed."""
    for line in lines:
        if not is_bad(line):
            continue
        if _KILLED in line and killed > 0:
            killed -= 1
            continue
        yield line.strip()[:300]


def is_bad(line: str) -> bool:
    """Whether it is of level error or worse, or the beginning of a traceback."""
    try:
        said = json.loads(line)
    except ValueError:
        return bool(_PLAIN.search(line))
    return isinstance(said, dict) and (said.get("level") in _BAD or "exception" in said)


def errors_in(logs: Path, *, killed: int) -> list[str]:
    """In all files of a folder."""
    found: list[str] = []
    for path in sorted(logs.glob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as lines:
            found += (f"{path.stem}: {line}" for line in errors(lines, killed=killed))
    return found
