"""The numbered migrations make the tables that the models describe, and can be taken back."""

from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect

from crm.kernel import schema
from crm.kernel.db import Database, UTCDateTime
from crm.models import metadata
from crm.prospects.models import Company

pytestmark = [pytest.mark.both_databases, pytest.mark.changes_schema]


def _same_type(*args: object) -> bool | None:
    return False if isinstance(args[4], UTCDateTime) else None


def _differences(database: Database) -> list[object]:
    options = {
        "compare_type": _same_type,
        "include_name": lambda name, kind, _: kind != "table" or "_search" not in str(name),
    }
    with database.engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def test_a_migrated_database_is_at_the_newest_revision(database: Database) -> None:
    assert schema.current(database) == schema.newest()


def test_no_table_or_column_differs_from_the_models(database: Database) -> None:
    assert _differences(database) == []


def test_a_missing_column_would_be_noticed(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats DROP COLUMN detail")
    assert _differences(database) != []


def test_taking_everything_back_leaves_nothing(database: Database) -> None:
    schema.migrate(database, to="base")
    left = set(inspect(database.engine).get_table_names()) - {"alembic_version"}
    assert left == set()


def test_down_and_up_again_is_the_same(database: Database) -> None:
    schema.migrate(database, to="base")
    schema.migrate(database)
    assert _differences(database) == []


def _counts_on(database: Database, table: str) -> bool:
    if not database.is_sqlite:
        return True
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    with database.engine.connect() as connection:
        return "AUTOINCREMENT" in connection.exec_driver_sql(query, (table,)).scalar_one()


def test_no_table_gives_a_number_twice(database: Database) -> None:
    numbered = [one.name for one in metadata.sorted_tables if one.autoincrement_column is not None]
    assert {"prospects", "enrolments", "messages", "leads"} <= set(numbered)
    assert [name for name in numbered if not _counts_on(database, name)] == []


def test_rows_of_before_keep_their_numbers_to_themselves(database: Database) -> None:
    schema.migrate(database, to="0016")
    before = [_add_company(database) for _ in range(3)][-1]
    schema.migrate(database)
    with database.engine.begin() as connection:
        connection.execute(delete(Company).where(Company.id == before))
    assert _add_company(database) > before


def _add_company(database: Database) -> int:
    with database.transaction() as session:
        company = Company(
            name="Winkel", website="", country="NL", created_at=datetime(2026, 3, 2, tzinfo=UTC)
        )
        session.add(company)
        session.flush()
        return company.id
