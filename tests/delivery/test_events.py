"""Looking for events that wait costs what waits, not what there is: both queries run every second."""

import pytest
from sqlalchemy import text

from crm.delivery import events
from crm.kernel.db import Database


@pytest.fixture
def busy(database: Database) -> Database:
    """A hundred thousand events that are done with."""
    with database.transaction() as session:
        session.execute(
            text(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"
                " INSERT INTO provider_events (reference, names, kind, code, happened_at, heard_at, state,"
                " dedupe_key) SELECT printf('%026d', i), '{}', 'delivered', '', '2026-03-02 09:00:00.000000',"
                " '2026-03-02 09:00:00.000000', 'applied', printf('%064d', i) FROM n"
            )
        )
    return database


@pytest.mark.parametrize("analyzed", [False, True])
def test_what_is_done_with_is_not_walked(busy: Database, *, analyzed: bool) -> None:
    if analyzed:
        with busy.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with busy.reading() as session:
        driver = session.connection().connection.driver_connection
        driver.set_progress_handler(count, 100)  # type: ignore[union-attr] # sqlite3's
        assert events.found(session, most=200) == []
        assert events.received(session, most=200) == []
        assert not events.any_received(session)
        driver.set_progress_handler(None, 100)  # type: ignore[union-attr] # sqlite3's
    assert steps < 20
