"""How far a long job is, on one line of a terminal, or on a line now and then in a log."""

import sys
from collections.abc import Mapping
from typing import Final, TextIO

from crm.kernel.clock import monotonic
from crm.prospects.import_models import RowOutcome
from crm.workflows.people.import_run import Progress

WORDS: Final[Mapping[RowOutcome, str]] = {
    RowOutcome.ADDED: "added",
    RowOutcome.UPDATED: "updated",
    RowOutcome.UNCHANGED: "unchanged",
    RowOutcome.DUPLICATE: "twice in the file",
    RowOutcome.REFUSED: "refused by them",
    RowOutcome.NOT_ALLOWED: "kept, not to be written to yet",
    RowOutcome.BROKEN: "broken",
}
_OFTEN: Final = 0.1  # seconds between two drawings
_SELDOM: Final = 5.0  # seconds between two lines where nobody watches


def tally(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Counts by outcome in words, in one order, without noughts."""
    return [(words, counts[one.value]) for one, words in WORDS.items() if counts.get(one.value)]


def time_left(done: int, total: int, seconds: float) -> str:
    """How long the rest takes at the pace so far; empty while that is anybody's guess."""
    if done <= 0 or seconds < 1:
        return ""
    left = round((total - done) * seconds / done)
    return f"{left // 60} min {left % 60:02} s left" if left >= 60 else f"{left} s left"


class ImportBar:
    """Shows an import while it runs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Begin now; the pace is that of this run, not of one that was interrupted before."""
        self._stream = stream or sys.stderr
        self._begun = monotonic()
        self._shown = 0.0
        self._start: int | None = None
        self._last: int | None = None
        self._width = 0

    def show(self, progress: Progress) -> None:
        """Draw, unless that was done just now."""
        now = monotonic()
        if progress.position == self._last:
            return
        if self._start is None:
            self._start = progress.position
        watched = self._stream.isatty()
        soon = now - self._shown < (_OFTEN if watched else _SELDOM)
        if soon and progress.position != progress.total:
            return
        self._shown, self._last = now, progress.position
        line = self._line(progress, now - self._begun)
        if watched:
            self._stream.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._stream.isatty():
            self._stream.write("\n")

    def _line(self, progress: Progress, seconds: float) -> str:
        total = progress.total or progress.position
        done = progress.position - (self._start or 0)
        parts = [f"{progress.position:,} of {total:,} rows", f"{100 * progress.position // max(total, 1)}%"]
        if done and seconds >= 1:
            parts.append(f"{done / seconds:,.0f} a second")
        parts.append(time_left(done, total - (self._start or 0), seconds))
        found = ", ".join(f"{number:,} {words}" for words, number in tally(progress.counts))
        return "  ".join(part for part in (*parts, found) if part)[:150]
