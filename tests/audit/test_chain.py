"""The audit log cannot be changed without being found out."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from crm.audit import chain
from crm.kernel.db import Database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def _write(database: Database, rows: int = 4) -> None:
    for number in range(rows):
        with database.transaction() as session:
            chain.append(
                session,
                actor=chain.OWNER,
                action="test.act",
                object=f"thing {number}",
                detail={"n": number},
                at=NOW,
            )


def _verify(database: Database) -> int | None:
    with database.reading() as session:
        return chain.verify(session)


@pytest.mark.both_databases
def test_an_untouched_log_holds(database: Database) -> None:
    _write(database)
    assert _verify(database) is None


@pytest.mark.parametrize(
    ("change", "found_at"),
    [
        ("UPDATE audit_entries SET action = 'test.other' WHERE id = 2", 2),
        ("UPDATE audit_entries SET detail = '{\"n\": 9}' WHERE id = 3", 3),
        ("UPDATE audit_entries SET actor_id = 7 WHERE id = 1", 1),
        ("DELETE FROM audit_entries WHERE id = 2", 2),
        ("UPDATE audit_entries SET id = 99 WHERE id = 4", 4),
    ],
)
def test_a_change_is_found(database: Database, change: str, found_at: int) -> None:
    _write(database)
    with database.transaction() as session:
        session.execute(text(change))
    assert _verify(database) == found_at
