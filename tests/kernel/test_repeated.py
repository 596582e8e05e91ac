"""What PostgreSQL ends to let others go on is begun anew; any other fault is not."""

import threading
from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from crm.kernel.db import Database

pytestmark = pytest.mark.on_postgresql

LOCK = text("SELECT pg_advisory_xact_lock(:key)")
WAITING = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def test_who_is_ended_in_a_deadlock_begins_anew(database: Database) -> None:
    """They hold one and want two, we hold two and then want one: who waited first is ended."""
    tries: list[str] = []
    has_one = threading.Event()

    def work(session: Session) -> str:
        tries.append("begun")
        session.execute(LOCK, {"key": 1})
        has_one.set()
        session.execute(LOCK, {"key": 2})
        return "done"

    ended: list[str] = []
    with database.transaction() as ours:
        ours.execute(LOCK, {"key": 2})
        them = threading.Thread(target=lambda: ended.append(database.repeated(work)))
        them.start()
        assert has_one.wait(10)
        with database.reading() as looking:
            while not looking.scalar(WAITING):
                sleep(0.01)
        ours.execute(LOCK, {"key": 1})
        assert (tries, ended) == (["begun"] * len(tries), [])
    them.join(10)
    assert ended == ["done"]
    assert len(tries) == 2


def test_who_is_ended_each_time_is_told(database: Database) -> None:
    tries: list[str] = []

    def work(session: Session) -> None:
        tries.append("begun")
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(OperationalError):
        database.repeated(work)
    assert len(tries) == 3


def test_any_other_fault_ends_it_at_once(database: Database) -> None:
    tries: list[str] = []

    def work(session: Session) -> None:
        tries.append("begun")
        session.execute(text("SELECT nothing_of_this_name"))

    with pytest.raises(ProgrammingError):
        database.repeated(work)
    assert len(tries) == 1
