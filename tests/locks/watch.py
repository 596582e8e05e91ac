"""What one process learns of its own transactions: how long it waited for the lock, and how long it held it.

Machines are shared, so the time in which the process was ready and stood in line for a processor is taken
off: Linux counts it for each thread (`schedstat`: the second figure, in nanoseconds). What is left is the
program's own: its work, and whatever it waited for.

A commit that finds the log long copies it back into the file, and has let go of the lock by then: after a
long reader that is a second's work, while everybody else writes. So here it is done once that is measured.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

from crm.kernel.db import Database
from crm.kernel.sqlite import WRITES

LONGEST = 0.25
"""Seconds a write transaction may take."""

_COPIED_BACK = 100
"""Commits of one process after which it copies the log back, about as often as 4,000 pages make it."""

_LINE = Path("/proc/thread-self/schedstat")


class Held(NamedTuple):
    """One write transaction, in seconds."""

    own: float
    """From the lock to just before the commit, without standing in line; and the work of that."""

    worked: float
    """Of a processor."""

    whole: float
    """By the clock on the wall, the disk's flush included."""

    begun: float
    """By the monotonic clock, which all processes share."""

    in_line: float
    """Of the whole."""


class Waited(NamedTuple):
    """One wait for the lock, by the monotonic clock."""

    own: float  # seconds, without standing in line
    begun: float
    ended: float


class _Moment(NamedTuple):
    wall: float
    worked: float
    in_line: float

    @classmethod
    def now(cls) -> "_Moment":
        try:
            in_line = int(_LINE.read_bytes().split()[1]) / 1e9
        except (OSError, IndexError):  # a kernel that does not count it: all of the wall's time is ours
            in_line = 0.0
        return cls(time.monotonic(), time.thread_time(), in_line)

    def own_since(self, before: "_Moment") -> float:
        return max((self.wall - before.wall) - (self.in_line - before.in_line), self.worked - before.worked)


@dataclass
class Watch:
    """One process's, in which one thread works."""

    waited: list[Waited] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    """Errors that said so, whoever caught them."""

    while_mailing: int = 0
    """Transactions, for reading too, that were open when the provider was talked to."""

    _open: int = 0
    _ended: int = 0
    _asked: _Moment | None = None
    _begun: _Moment | None = None
    _ending: _Moment | None = None

    def listen(self, database: Database) -> None:
        """Hear of everything this database does from now on."""
        engine = database.engine
        event.listen(Engine, "begin", self._ask)  # of the class: told before the program asks for the lock
        event.listen(engine, "connect", _copy_nothing_back)
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "commit", self._end)
        event.listen(engine, "rollback", self._end)
        event.listen(engine, "handle_error", self._fail)
        for name in ("do_commit", "do_rollback"):
            setattr(engine.dialect, name, self._and_then(getattr(engine.dialect, name)))
        logging.getLogger().addHandler(_Listener(self))

    def mails(self) -> None:
        """The provider is talked to now."""
        self.while_mailing += self._open > 0

    @property
    def is_wrong(self) -> bool:
        """Whether it is of no use to go on."""
        long = sum(one.own > LONGEST for one in self.held[-200:])
        return bool(self.locked or self.while_mailing or long > 1)

    def _ask(self, _connection: Connection) -> None:
        self._asked = _Moment.now()

    def _begin(self, connection: Connection) -> None:
        self._open += 1
        if connection.get_execution_options().get(WRITES) and self._asked:
            self._begun = _Moment.now()
            asked, begun = self._asked, self._begun
            self.waited.append(Waited(begun.own_since(asked), asked.wall, begun.wall))

    def _end(self, _connection: Connection) -> None:
        self._open -= 1
        self._ending = _Moment.now()

    def _and_then(self, end: Callable[..., None]) -> Callable[..., None]:
        def ended(connection: Any) -> None:
            end(connection)
            if self._begun and self._ending:
                now, begun, ending = _Moment.now(), self._begun, self._ending
                own = ending.own_since(begun) + now.worked - ending.worked
                whole, in_line = now.wall - begun.wall, now.in_line - begun.in_line
                self.held.append(Held(own, now.worked - begun.worked, whole, begun.wall, in_line))
            self._begun = self._ending = None
            self._ended += 1
            if self._ended % _COPIED_BACK == 0:
                connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

        return ended

    def _fail(self, context: ExceptionContext) -> None:
        self.hear(str(context.original_exception))

    def hear(self, words: str) -> None:
        """Something failed."""
        if "locked" in words or "busy" in words:
            self.locked.append(words)


def _copy_nothing_back(connection: Any, _entry: object) -> None:
    connection.cursor().execute("PRAGMA wal_autocheckpoint = 0")


class _Listener(logging.Handler):
    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.WARNING)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        self._watch.hear(f"{record.getMessage()} {record.exc_info[1] if record.exc_info else ''}")
