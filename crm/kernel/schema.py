"""Bring a database to the newest schema, or say how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from crm.kernel.db import Database
from crm.kernel.sqlite import WRITES

PATIENCE: Final = 3
"""Seconds a migration waits for a lock on PostgreSQL (I45)."""

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def migrate(database: Database, *, to: str = "head") -> None:
    """Run what is missing, in one transaction: interrupted anywhere, the old schema is still there."""
    config = _config()
    connection = database.engine.connect().execution_options(**{WRITES: True})
    with connection, _tables_may_be_made_anew(connection), connection.begin():
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            # Everybody queues behind whoever waits to change a table, so one slow reader would stop them all.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
        was = MigrationContext.configure(connection).get_current_revision()
        if to.startswith(("-", "base")) or (to.isdecimal() and to < (was or "")):
            command.downgrade(config, to)
        else:
            command.upgrade(config, to)
        if MigrationContext.configure(connection).get_current_revision() != was:
            _nothing_hangs_in_the_air(connection)


def current(database: Database) -> str | None:
    """The revision a database is at; None when it is empty."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision this program wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()


@contextmanager
def _tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite can change a check only by making the table anew, and dropping the old one must not be refused.

    What points nowhere afterwards is looked for before the commit.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.cursor()  # outside a transaction, or SQLite ignores it
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.close()


def _nothing_hangs_in_the_air(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if lost:
            tables = sorted({row[0] for row in lost})
            raise RuntimeError(f"rows would point nowhere after this migration, in: {', '.join(tables)}")
