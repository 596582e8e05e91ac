"""Whose fault an error of the database is: what helps by waiting is told from what never will."""

import sqlite3

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionLeftError

from crm.kernel.db import Database
from crm.kernel.outages import is_outage

TOO_DEEP = f"SELECT {'+'.join(['1'] * 50_000)}"


def of_postgresql(state: str) -> Exception:
    error = psycopg.errors.lookup(state)("planned")
    return DBAPIError.instance("", None, error, psycopg.Error)


@pytest.mark.parametrize(
    "state",
    [
        "08006",
        "08003",
        "57P01",
        "57P02",
        "57P03",
        "40001",
        "40P01",
        "53100",
        "53200",
        "53300",
        "55P03",
        "25006",
    ],
)
def test_a_database_that_is_away_full_or_busy_is_an_outage(state: str) -> None:
    assert is_outage(of_postgresql(state))


@pytest.mark.parametrize("state", ["54000", "54001", "22021", "22001", "23505", "42P01", "57014"])
def test_what_it_was_asked_is_none(state: str) -> None:
    assert not is_outage(of_postgresql(state))


def test_a_lost_connection_says_no_code() -> None:
    assert is_outage(OperationalError("", None, psycopg.OperationalError("server closed the connection")))
    assert is_outage(NoConnectionLeftError())


def test_a_fault_of_ours_is_none() -> None:
    assert not is_outage(TypeError())
    assert not is_outage(DBAPIError.instance("", None, psycopg.DataError("NUL"), psycopg.Error))


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_READ, True),
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_TOOBIG, False),
    ],
)
def test_sqlite_says_it_by_its_own_codes(code: int, *, answer: bool) -> None:
    error = sqlite3.OperationalError("planned")
    error.sqlite_errorcode = code
    assert is_outage(OperationalError("", None, error)) is answer


@pytest.mark.both_databases
def test_a_question_beyond_their_limits_is_none_on_either(database: Database) -> None:
    with database.reading() as session, pytest.raises(OperationalError) as raised:
        session.execute(text(TOO_DEEP))
    assert not is_outage(raised.value)
