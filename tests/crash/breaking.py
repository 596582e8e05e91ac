"""Break the N-th statement, commit (before or after its effect) or write to a file of whatever runs."""

import enum
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from crm.kernel.db import Database
from crm.kernel.prepared import Prepared


class Break(enum.StrEnum):
    """What fails."""

    STATEMENT = "statement"
    MEMORY = "memory"
    """A statement, for want of memory: no error of the database."""

    COMMIT = "commit"
    """The commit fails, and nothing of the transaction is kept."""

    ANSWER = "answer"
    """The commit took effect, and nobody hears of it."""

    WRITE = "write"
    """A write to a file, or its way to the disk: the disk is full. The database's own are commits."""


@dataclass
class Breaker:
    """Counts, and strikes once."""

    what: Break
    at: int
    counted: int = 0
    is_over: bool = False

    def pass_by(self) -> None:
        """One more of what is counted."""
        self.counted += 1
        if self.counted != self.at or self.is_over:
            return
        self.is_over = True
        if self.what is Break.MEMORY:
            raise MemoryError("planned")
        if self.what is Break.WRITE:
            raise OSError(errno.ENOSPC, "planned")
        raise OperationalError("planned", None, Exception("planned"))


@contextmanager
def _files(breaker: Breaker) -> Iterator[None]:
    write, fsync = os.write, os.fsync

    def do_write(descriptor: int, data: bytes) -> int:
        breaker.pass_by()
        return write(descriptor, data)

    def do_fsync(descriptor: int) -> None:
        breaker.pass_by()
        fsync(descriptor)

    if breaker.what is Break.WRITE:
        setattr(os, "write", do_write)  # noqa: B010 - for a while
        setattr(os, "fsync", do_fsync)  # noqa: B010 - for a while
    try:
        yield
    finally:
        setattr(os, "write", write)  # noqa: B010 - as it was
        setattr(os, "fsync", fsync)  # noqa: B010 - as it was


@contextmanager
def breaking(database: Database, what: Break, at: int) -> Iterator[Breaker]:
    """Let the `at`-th of them fail; the rest works."""
    breaker = Breaker(what, at)
    engine, commit, begin = database.engine, database.engine.dialect.do_commit, Prepared._begin  # noqa: SLF001 - counted

    def statement(*_args: Any) -> None:
        if what in {Break.STATEMENT, Break.MEMORY}:
            breaker.pass_by()

    def prepared(self: Prepared, session: Any) -> Any:
        found = begin(self, session)
        statement()
        return found

    def do_commit(connection: Any) -> None:
        if what is Break.COMMIT:
            breaker.pass_by()
        commit(connection)
        if what is Break.ANSWER:
            breaker.pass_by()

    event.listen(engine, "before_cursor_execute", statement)
    setattr(engine.dialect, "do_commit", do_commit)  # noqa: B010 - for a while
    setattr(Prepared, "_begin", prepared)  # noqa: B010 - for a while
    try:
        with _files(breaker):
            yield breaker
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        setattr(engine.dialect, "do_commit", commit)  # noqa: B010 - as it was
        setattr(Prepared, "_begin", begin)  # noqa: B010 - as it was
