"""Databases for tests: migrated once, copied for each test."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

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


def _empty(server: str) -> None:
    engine = create_engine(f"{server}{_SHARED}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # What a test left open must not hold anybody up.
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        empty(connection)
    engine.dispose()


def empty(connection: Connection) -> None:
    """Take every row out of a database on a server, and begin its numbers anew.

    Only of tables that were written to: emptying all of them costs more than most tests.
    """
    names = connection.scalars(
        text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'")
    ).all()
    filled = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - names of our own schema
        for name in names
    )
    numbered = (
        "SELECT d.refobjid::regclass::text FROM pg_sequences s JOIN pg_depend d"
        " ON d.objid = format('%I.%I', s.schemaname, s.sequencename)::regclass AND d.deptype = 'a'"
        " WHERE s.last_value IS NOT NULL"
    )
    touched = sorted(set(connection.scalars(text(f"{filled} UNION ALL {numbered}"))))
    if touched:
        connection.execute(text(f"TRUNCATE {', '.join(touched)} RESTART IDENTITY CASCADE"))


def _run(server: str, statement: str) -> None:
    engine = create_engine(f"{server}postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
