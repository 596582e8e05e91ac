"""A question about nobody costs nothing, however many there are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Executable,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from crm.kernel.db import Database

ROWS = 20_000
PEOPLE = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("state", String),
    Column("due", Integer),
    Index("ix_people_state_due", "state", "due"),
)


@pytest.fixture
def crowd() -> Iterator[Database]:
    database = Database("sqlite://")
    with database.transaction() as session:
        PEOPLE.metadata.create_all(session.connection())
        session.execute(insert(PEOPLE), [{"id": number, "state": "running"} for number in range(1, ROWS + 1)])
    yield database
    database.dispose()


NOBODY = (PEOPLE.c.id.in_([]), PEOPLE.c.state.in_(["running", "paused"]))


@pytest.mark.parametrize(
    "statement",
    [
        select(PEOPLE.c.id).where(*NOBODY),
        update(PEOPLE).where(*NOBODY).values(state="stopped"),
        delete(PEOPLE).where(*NOBODY),
    ],
    ids=["select", "update", "delete"],
)
def test_an_empty_list_is_answered_without_looking_at_the_others(
    crowd: Database, statement: Executable
) -> None:
    looks = 0

    def look() -> int:
        nonlocal looks
        looks += 1
        return 0

    with crowd.transaction() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(look, 1_000)
        session.execute(statement)
        driver.set_progress_handler(None, 0)
    assert looks == 0


def test_who_is_in_no_list_is_everybody(crowd: Database) -> None:
    with crowd.reading() as session:
        found = session.scalars(select(PEOPLE.c.id).where(PEOPLE.c.id.not_in([]))).all()
        assert session.scalars(select(PEOPLE.c.id).where(PEOPLE.c.id.in_([]))).all() == []
    assert len(found) == ROWS
