"""Rows that are written in batches by a thread of their own, so that nobody waits for the disk (D19).

What is handed over is on the disk within an interval. An orderly stop writes everything; a SIGKILL or a
power cut loses at most one interval: nothing that must not be lost may go this way.
"""

import atexit
import logging
import multiprocessing.util
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, Literal, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from crm.kernel.outages import is_outage

log = logging.getLogger(__name__)

Row = TypeVar("Row")

INTERVAL: Final = 0.2  # seconds
BATCH: Final = 500  # rows in a transaction
BOUND: Final = 50_000  # rows in memory; more are dropped, because dropping beats blocking

_SLOWEST: Final = 5.0  # seconds between tries while the database cannot be written
_JOIN: Final = 10.0  # seconds an orderly stop waits for a batch that is being written
_LAST_TRIES: Final = 3


class BatchWriter(Generic[Row]):
    """A list and a thread. The thread starts with the first row, in the process that serves."""

    def __init__(
        self,
        write: Callable[[Sequence[Row]], None],
        *,
        interval: float = INTERVAL,
        batch: int = BATCH,
        bound: int = BOUND,
    ) -> None:
        """Take what writes rows down in one transaction; it is called by one thread at a time."""
        self._write = write
        self._interval = interval
        self._batch = batch
        self._bound = bound
        self._rows: deque[Row] = deque()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self.dropped = 0
        """Rows that found the list full, or that the database would not take for what they are."""

    def add(self, row: Row) -> bool:
        """Hand a row over; False when it was dropped: the list is full, or the process is ending."""
        if len(self._rows) >= self._bound or self._closed:
            self.dropped += 1
            return False
        self._rows.append(row)
        if self._thread is None:
            self._start()
        if len(self._rows) >= self._batch and not self._wake.is_set():
            self._wake.set()
        return True

    def close(self) -> None:
        """Let the thread finish the batch in its hands, then write what came after. Once is enough."""
        if self._closed:
            return
        self._closed = True
        self._stopped.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN)
        for _ in range(_LAST_TRIES):
            if self._flush(least=1):
                return
        log.error("openings were lost at the stop", extra={"rows": len(self._rows)})

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="batch-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = self._interval
        while not self._stopped.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            written = self._flush(least=self._batch)
            pause = self._interval if written else min(pause * 2, _SLOWEST)
            if not written:
                self._stopped.wait(pause)  # a full list sets `wake` all the time

    def _flush(self, *, least: int) -> bool:
        """Write what is there; False when the database would not, and then the rows are kept.

        What arrives meanwhile waits for its own interval, unless it is `least` rows: otherwise the batches
        would grow smaller and smaller, and each costs a write to the disk.
        """
        with self._writing:
            is_first = True
            while self._rows and (is_first or len(self._rows) >= least):
                is_first = False
                rows = [self._rows.popleft() for _ in range(min(self._batch, len(self._rows)))]
                try:
                    self._write(rows)
                except (OSError, SQLAlchemyError) as error:
                    if _passes(error):
                        return self._wait_with(rows, error)
                    if not self._one_by_one(rows):
                        return False
            return True

    def _one_by_one(self, rows: Sequence[Row]) -> bool:
        """A batch that the database will never take: save the others from the row that spoils it."""
        for place, row in enumerate(rows):
            try:
                self._write([row])
            except (OSError, SQLAlchemyError) as error:
                if _passes(error):
                    return self._wait_with(rows[place:], error)
                self.dropped += 1
                log.warning("an opening was dropped", extra={"kind": type(error).__name__})
        return True

    def _wait_with(self, rows: Sequence[Row], error: Exception) -> Literal[False]:
        self._rows.extendleft(reversed(rows))
        log.warning("openings wait", extra={"rows": len(self._rows), "kind": type(error).__name__})
        return False


def _passes(error: OSError | SQLAlchemyError) -> bool:
    """Tell whether the same rows may be taken later."""
    return isinstance(error, OSError) or is_outage(error)


def close_at_exit(writer: BatchWriter[Row]) -> None:
    """Close the writer on every orderly stop of this process, whatever serves it.

    Workers of granian are children of `multiprocessing`: they run its finalizers and never `atexit`.
    A server that leaves SIGTERM to the system (waitress) would end without either.
    """
    multiprocessing.util.Finalize(None, writer.close, exitpriority=100)
    atexit.register(writer.close)
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
