"""Killed before any statement of a migration: the old schema whole, and the same command completes."""

import signal
from collections.abc import Iterator
from random import Random

import pytest
from sqlalchemy import inspect, text

from crm.kernel import schema
from crm.kernel.db import Database
from tests.crash.forks import Forks
from tests.deep import IS_DEEP, size
from tests.migrations.test_sequences_kept import BEFORE

pytestmark = [pytest.mark.both_databases, pytest.mark.changes_schema, pytest.mark.timeout(size(120, 3600))]

OLD = "0010"
ROWS = ("mailboxes", "sequences", "sequence_versions", "messages")
"""Tables that have rows before, and the same ones afterwards."""


@pytest.fixture
def old(database: Database) -> Iterator[Database]:
    """A database of a release before, with something in it."""
    schema.migrate(database, to="base")
    schema.migrate(database, to=OLD)
    with database.engine.begin() as connection:
        for statement in BEFORE.split(";"):
            connection.execute(text(statement))
    yield database
    database.dispose()


def shape(database: Database) -> dict[str, object]:
    """Tables, columns, keys, indexes and rules, as the database tells them; and how many rows there are."""
    found: dict[str, object] = {"revision": schema.current(database)}
    with database.engine.connect() as connection:
        seen = inspect(connection)
        for table in sorted(seen.get_table_names()):
            columns = [(one["name"], str(one["type"]), one["nullable"]) for one in seen.get_columns(table)]
            indexes = sorted(str(one["name"]) for one in seen.get_indexes(table))
            checks = sorted(str(one["sqltext"]) for one in seen.get_check_constraints(table))
            found[table] = (columns, indexes, checks)
        found["rows"] = rows(database)
    database.dispose()
    return found


def rows(database: Database) -> list[object]:
    with database.engine.connect() as connection:
        return [connection.execute(text(f"SELECT id FROM {table}")).scalars().all() for table in ROWS]  # noqa: S608 - our own words


def places(statements: int) -> list[int]:
    """All of them, or the first, the last and a few between."""
    if IS_DEEP:
        return list(range(1, statements + 1))
    between = Random(statements).sample(range(2, statements), 2)  # noqa: S311 - where to die
    return [1, *sorted(between), statements]


def test_killed_before_any_statement_the_old_schema_is_whole_and_the_same_command_completes(
    forks: Forks, old: Database, database_url: str
) -> None:
    before = shape(old)
    told = forks.run("tests.crash.migrator", database_url, "0")
    assert told.status == 0, told.err
    after, statements = shape(old), int(told.out)
    assert after["revision"] == schema.newest() != before["revision"]
    assert after["rows"] == before["rows"]
    assert statements > 20
    _back(old)
    for place in places(statements):
        was = shape(old)
        ended = forks.run("tests.crash.migrator", database_url, str(place))
        assert ended.status == -signal.SIGKILL, (place, ended.err)
        assert shape(old) == was, place
        if not IS_DEEP or place % 20 == 1:
            assert forks.run("tests.crash.migrator", database_url, "0").status == 0
            assert shape(old) == after, place
            _back(old)


def _back(database: Database) -> None:
    schema.migrate(database, to=OLD)
    database.dispose()
