"""Make SQLite keep the promises our code relies on. Other databases are left alone."""

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

WRITES = "crm_writes"
"""Execution option: this connection means to write. SQLite must know before it begins."""

BUSY_TIMEOUT = 30  # seconds a writer waits for another one; transactions here are far shorter

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

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
