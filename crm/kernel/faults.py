"""Places where a test may break the running program on purpose.

`CRM_FAULTS="claim.after_commit=kill,send.mid=sleep:2"` acts at the named points; without the variable
a point costs one dictionary look-up. `name=kill@3` acts the third time only.
"""

import os
import signal
import time
from collections import Counter

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


def point(name: str) -> None:
    """Do what the environment asked for at this place; nothing when it asked for nothing.

    Raises:
        PlannedFaultError: the environment asked for `raise`.
    """
    if not _plan or name not in _plan:
        return
    action, turn = _plan[name]
    _passed[name] += 1
    if turn and _passed[name] != turn:
        return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action.startswith("sleep:"):
        time.sleep(float(action.removeprefix("sleep:")))
    if action == "raise":
        raise PlannedFaultError(name)
