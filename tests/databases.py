"""Databases for tests: migrated once, copied for each test."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, text

from crm.kernel import schema
from crm.kernel.db import Database

_numbers = itertools.count(1)


def migrated_file(folder: Path) -> Path:
    """A database file with all tables and no rows."""
    path = folder / "empty.db"
    database = Database(f"sqlite:///{path}")
    schema.migrate(database)
    database.dispose()
    return path


@contextmanager
def copy_of_file(empty: Path, folder: Path) -> Iterator[str]:
    """The URL of a copy that belongs to one test."""
    yield f"sqlite:///{shutil.copy(empty, folder / 'crm.db')}"


def migrated_template(server: str) -> str:
    """Make a template database on a server and return its name."""
    _run(server, "CREATE DATABASE crm_empty")
    database = Database(f"{server}crm_empty")
    schema.migrate(database)
    database.dispose()
    return "crm_empty"


@contextmanager
def own_database(server: str, template: str) -> Iterator[str]:
    """The URL of a database for a test that changes the schema; dropped when the test is over."""
    name = f"crm_test_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield f"{server}{name}"
    finally:
        _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def emptied_database(server: str, template: str) -> Iterator[str]:
    """The URL of a database that tests share one after the other; emptied when the test is over.

    Making and dropping one for each test costs seconds on a busy disk, emptying it a tenth of one.
    """
    if _SHARED not in _made:
        _run(server, f"CREATE DATABASE {_SHARED} TEMPLATE {template}")
        _made.add(_SHARED)
    try:
        yield f"{server}{_SHARED}"
    finally:
        _empty(server)


_SHARED = "crm_shared"
_made: set[str] = set()


@cache
def _emptier(server: str) -> Engine:
    """Its one connection stays open: a new one reads the catalogue again, which costs as much as a test."""
    return create_engine(f"{server}{_SHARED}", isolation_level="AUTOCOMMIT")


def _empty(server: str) -> None:
    with _emptier(server).connect() as connection:
        # What a test left open must not hold anybody up.
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        empty(connection)


def empty(connection: Connection) -> None:
    """Take every row out of a database on a server, and begin its numbers anew.

    Row by row, only of tables that were written to, without triggers and without looking who refers to whom:
    making the files of all these tables and indexes anew (TRUNCATE) costs more than most tests.
    """
    names = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
    ).all()
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - names of our own schema
        for name in names
    )
    touched = connection.scalars(text(filled)).all()
    deletes = "".join(f"DELETE FROM {name};" for name in touched)  # noqa: S608 - as above
    connection.exec_driver_sql(
        f"SET session_replication_role = replica; {deletes}"  # noqa: S608 - as above
        "SET session_replication_role = DEFAULT;"
        "SELECT setval(sequencename::text::regclass, start_value, false)"
        " FROM pg_sequences WHERE last_value IS NOT NULL"
    )


def _run(server: str, statement: str) -> None:
    engine = create_engine(f"{server}postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
