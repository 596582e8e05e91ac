"""Make SQLite keep the promises our code relies on. Other databases are left alone."""

import random
import sqlite3
import time
from typing import Any, Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.compiler import SQLCompiler

WRITES = "crm_writes"
"""Execution option: this connection means to write. SQLite must know before it begins."""

BUSY_TIMEOUT = 30  # seconds a writer waits for another one; transactions here are far shorter
_LOOK_AGAIN: Final = 0.0005  # seconds; left to itself SQLite sleeps up to a tenth of one between two looks

_PRAGMAS = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a power cut must not forget a claim or a no
    "PRAGMA secure_delete = ON",  # what is erased is overwritten
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",  # rows on their way never touch another file
    "PRAGMA journal_size_limit = 67108864",
    "PRAGMA wal_autocheckpoint = 4000",  # pages: hot ones are written back a quarter as often
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000}",
)


def keep_promises(engine: Engine) -> None:
    """Enforce foreign keys, let readers and a writer work side by side, and begin transactions ourselves.

    Left to itself the driver begins none before a SAVEPOINT, so releasing one commits: a refusal
    written inside `begin_nested` then survives the rollback around it. A transaction that means to
    write says so at once (IMMEDIATE): one that reads first and writes later fails, without waiting,
    when another writer came between.
    """
    if engine.dialect.name != "sqlite":
        return
    engine.dialect.statement_compiler = _Compiler

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITES, False):
            _begin_to_write(connection)
        else:
            connection.exec_driver_sql("BEGIN")


class _Compiler(SQLiteCompiler):
    """Says of `IN` with nothing in it that it is false, which SQLite sees before it looks at a row.

    Left to the library it becomes a subquery without rows, and another condition's index is walked through
    for nothing: 50 ms for each of a planner's batches where 600,000 enrolments were running.
    """

    def visit_empty_set_op_expr(self, type_: Any, expand_op: Any, **more: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own types
        said: str = SQLCompiler.visit_empty_set_op_expr(self, type_, expand_op, **more)  # type: ignore[no-untyped-call]
        return said


def _begin_to_write(connection: Connection) -> None:
    """Wait for the one writer at a time, looking often: senders pass the lock on every few milliseconds.

    Raises:
        OperationalError: another writer held it for all of `BUSY_TIMEOUT`.
    """
    raw: Any = connection.connection.dbapi_connection  # sqlite3's own
    latest = time.monotonic() + BUSY_TIMEOUT
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        while time.monotonic() < latest:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(_LOOK_AGAIN * (0.5 + random.random()))  # noqa: S311 - who comes first is no secret
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # for the last time; it raises as SQLAlchemy does
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT * 1000}")
