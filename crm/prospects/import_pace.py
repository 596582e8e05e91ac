"""How long an import still takes, from the rate of its last minute. Pure, but for the row."""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from crm.prospects.import_models import Import, ImportState
from crm.prospects.imports import LEASE

WINDOW: Final = timedelta(minutes=1)
LEAST: Final = timedelta(seconds=5)
"""A shorter stretch says nothing about the rest."""

SILENT: Final = timedelta(seconds=30)
"""Where no batch came for so long, nobody knows when the next one will."""


class Marks:
    """How far the import was, for the last minute: kept by the worker, the oldest goes into its row."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._marks: deque[tuple[datetime, int]] = deque()

    def oldest(self, at: datetime, position: int) -> tuple[datetime, int]:
        """Note where it is now; where it was a minute ago, or when this worker began."""
        self._marks.append((at, position))
        while len(self._marks) > 2 and at - self._marks[1][0] >= WINDOW:
            self._marks.popleft()
        return self._marks[0]


def time_left(row: Import, *, real_now: datetime) -> timedelta | None:
    """What the rest takes at that rate; None while that is anybody's guess."""
    if row.state is not ImportState.RUNNING or row.total is None or row.lease_until is None:
        return None
    if row.marked_at is None or row.marked_position is None:
        return None
    last = row.lease_until - LEASE
    took, done = last - row.marked_at, row.position - row.marked_position
    if took < LEAST or done <= 0 or real_now - last > SILENT:
        return None
    return max(took * (row.total - row.position) / done - (real_now - last), timedelta())


def left_in_words(row: Import, *, real_now: datetime) -> str:
    """For a page or a terminal; empty when unknown."""
    left = time_left(row, real_now=real_now)
    if left is None:
        return ""
    minutes = -(-int(left.total_seconds()) // 60)
    return f"about {minutes} minutes left" if minutes > 1 else "about a minute left"
