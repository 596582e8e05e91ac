"""On SQLite, where tables are made anew with foreign keys off, what would point nowhere is found.

PostgreSQL looks at every statement by itself.
"""

import pytest
from sqlalchemy import text

from crm.kernel import schema
from crm.kernel.db import Database

pytestmark = pytest.mark.changes_schema


def test_a_migration_after_which_a_row_would_point_nowhere_is_undone(database: Database) -> None:
    schema.migrate(database, to="base")
    schema.migrate(database, to="0010")
    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA foreign_keys = OFF")
        with connection.begin():
            connection.execute(
                text("INSERT INTO mailbox_days (mailbox_id, day, used) VALUES (9, '2026-03-02', 0)")
            )
        connection.connection.cursor().execute("PRAGMA foreign_keys = ON")
    with pytest.raises(RuntimeError, match="mailbox_days"):
        schema.migrate(database)
    assert schema.current(database) == "0010"
