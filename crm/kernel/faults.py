"""Places where a test may break the running program on purpose.

`CRM_FAULTS="claim.after_commit=kill,send.mid=sleep:2"` acts at the named points; without the variable a point
costs one look. Actions: `kill`, `raise`, `memory` (out of it), `sleep:SECONDS`, and `block:FIFO`, which waits
until somebody has opened that named pipe for writing and closed it again. `name=kill@3`: the third time only.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "CRM_FAULTS"


class PlannedFaultError(Exception):
    """Raised at a point whose action is `raise`."""


def _read(text: str) -> dict[str, tuple[str, int]]:
    plan = {}
    for item in filter(None, text.split(",")):
        name, _, action = item.partition("=")
        verb, _, turn = action.partition("@")
        plan[name.strip()] = (verb or "kill", int(turn or 0))
    return plan


_plan = _read(os.environ.get(VARIABLE, ""))
_passed: Counter[str] = Counter()
_watchers: list[Callable[[str], None]] = []


def point(name: str) -> None:
    """Do what the environment asked for at this place; nothing when it asked for nothing.

    Raises:
        PlannedFaultError: the environment asked for `raise`.
        MemoryError: it asked for `memory`.
    """
    if _watchers:
        for watcher in tuple(_watchers):
            watcher(name)
    if not _plan or name not in _plan:
        return
    action, turn = _plan[name]
    _passed[name] += 1
    if turn and _passed[name] != turn:
        return
    _act(name, action)


def _act(name: str, action: str) -> None:
    verb, _, what = action.partition(":")
    if verb == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if verb == "sleep":
        time.sleep(float(what))
    if verb == "block":
        Path(what).read_bytes()
    if verb == "memory":
        raise MemoryError(name)
    if verb == "raise":
        raise PlannedFaultError(name)


@contextmanager
def watched(watcher: Callable[[str], None]) -> Iterator[None]:
    """Tell somebody in this process of every point that is passed; they may raise, or take their time."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


@contextmanager
def planned(text: str) -> Iterator[None]:
    """Faults for a while, written as in the environment; what they count begins anew."""
    before = dict(_plan)
    _plan.clear()
    _plan.update(_read(text))
    _passed.clear()
    try:
        yield
    finally:
        _plan.clear()
        _plan.update(before)
