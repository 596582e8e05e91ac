"""A migration that waits for a reader has everybody wait behind it: on PostgreSQL it soon gives up (I45)."""

from time import monotonic

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from crm.kernel import schema
from crm.kernel.db import Database

pytestmark = [pytest.mark.changes_schema, pytest.mark.on_postgresql]


def test_it_gives_up_in_seconds_and_leaves_the_old_schema_whole(database: Database) -> None:
    newest = schema.current(database)
    begun = monotonic()
    with database.reading() as long:
        long.execute(text("SELECT count(*) FROM messages"))
        with pytest.raises(OperationalError, match="lock timeout"):
            schema.migrate(database, to="base")
    assert monotonic() - begun < 3 * schema.PATIENCE
    assert schema.current(database) == newest
    schema.migrate(database, to="base")
    assert schema.current(database) is None
