"""Look for what is leaving, again and again, for as long as somebody can be kept waiting."""

from collections.abc import Callable, Sequence
from typing import Final

PATIENCE: Final = 2.0
"""Seconds one waits, at most, for a message that is in a worker's hands."""

_STEP: Final = 0.05  # seconds between two looks


def still_leaving(
    look: Callable[[], Sequence[str]], *, pause: Callable[[float], None], patience: float
) -> list[str]:
    """What is still in a worker's hands when patience ends; none means that the answer is final (I01, I12).

    `look` opens a transaction of its own each time, after the commit of whatever was written.
    """
    found = look()
    for _ in range(max(1, round(patience / _STEP)) - 1):
        if not found:
            break
        pause(_STEP)
        found = look()
    return list(found)
