"""What a deletion leaves behind inside the database file, and how to be rid of it (D12, P32)."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.engine.interfaces import DBAPICursor

from crm.kernel.db import Database

log = logging.getLogger(__name__)

_PAGES: Final = 200  # of an index, merged in one transaction: far under the 250 ms a writer may hold
_SETTLED: Final = 2  # changes; fewer mean that there was nothing left to merge
_WAIT: Final = 2_000  # milliseconds for readers of old pages to finish


def sweep(database: Database, tables: Sequence[str], in_time: Callable[[], bool]) -> bool:
    """Merge the search indexes until no deleted word is left, then empty the write-ahead log.

    SQLite overwrites deleted rows (`secure_delete`), but a full-text index keeps deleted words until its
    parts are merged, and the log keeps old pages until it is cut. PostgreSQL is told to vacuum.

    Args:
        database: no transaction may be open in the calling thread.
        tables: those that lost rows.
        in_time: asked between steps; when it says no, the sweep ends and is to be called again.

    Returns:
        True when nothing is left; False when time ran out or a reader still holds old pages.
    """
    if not database.is_sqlite:
        return _vacuum(database, tables)
    return all(_merged(database, index, in_time) for index in _indexes(database)) and _log_cut(database)


def _indexes(database: Database) -> list[str]:
    query = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%USING fts5%'")
    with database.reading() as session:
        return list(session.scalars(query))


def _merged(database: Database, index: str, in_time: Callable[[], bool]) -> bool:
    """One index in one piece. A negative number puts its parts on one level, positive ones merge them."""
    pages = -_PAGES
    while in_time():
        with database.transaction() as session:
            if _merge(session.connection(), index, pages) < _SETTLED:
                return True
        pages = _PAGES
    return False


def _merge(connection: Connection, index: str, pages: int) -> int:
    driver: Any = connection.connection.driver_connection
    before: int = driver.total_changes
    merge = f"INSERT INTO {index}({index}, rank) VALUES ('merge', :pages)"  # noqa: S608 - a name from the schema
    connection.execute(text(merge), {"pages": pages})
    changes: int = driver.total_changes - before
    return changes


def _log_cut(database: Database) -> bool:
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        usual = _ask(cursor, "PRAGMA busy_timeout")
        _ask(cursor, f"PRAGMA busy_timeout = {_WAIT}")
        is_busy = _ask(cursor, "PRAGMA wal_checkpoint(TRUNCATE)")
        _ask(cursor, f"PRAGMA busy_timeout = {usual}")
        cursor.close()
    finally:
        connection.close()
    if is_busy:
        log.info("a reader holds old pages; the log is cut later")
    return not is_busy


def _ask(cursor: DBAPICursor, pragma: str) -> int:
    cursor.execute(pragma)
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _vacuum(database: Database, tables: Sequence[str]) -> bool:
    """Old row versions become free space. Their bytes stay on the disk until something overwrites them."""
    indexes = text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE '%\\_search'")
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (*tables, *connection.scalars(indexes)):
            connection.execute(text(f'VACUUM "{table}"'))
    return True
