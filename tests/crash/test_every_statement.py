"""Every statement and every commit of the main operations fails once: afterwards it is as if none had.

Or, where a mail may have left meanwhile, somebody is asked (I02 to I05, I18, I23, I25, I43).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from tests import databases, world
from tests.conftest import FakeClock
from tests.crash.aftermath import aftermath, again
from tests.crash.breaking import Break, breaking
from tests.crash.operations import OPERATIONS, Operation, Trial
from tests.deep import IS_DEEP, size

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(size(240, 3600))]

MOST = 500
STRIDES = {
    Break.STATEMENT: (1, 9),
    Break.MEMORY: (4, 40),
    Break.COMMIT: (1, 1),
    Break.ANSWER: (1, 1),
    Break.WRITE: (1, 1),
}
"""Which of them on SQLite, where a world is a copy of a file, and on PostgreSQL; the deep form takes all."""

WRITES = {"events", "refuse", "erase", "reply"}
"""Operations that write files besides the database's: a no is in the journal."""

AT_MOST = 40
"""So many of them, spread evenly, where an operation has more."""


def fresh(settings: Settings, database: Database) -> Trial:
    clock = FakeClock()
    return Trial(world.services(settings, database, Clocks(clock, clock)), clock)


class Stock:
    """Worlds that are ready for one operation."""

    def __init__(self, settings: Settings, database: Database, operation: Operation) -> None:
        self._settings, self._database, self._operation = settings, database, operation
        self._ready = self._made()
        self._file = Path(str(database.engine.url.database))
        self._number = 0

    def _made(self) -> Trial:
        trial = fresh(self._settings, self._database)
        self._operation.ready(trial)
        return trial

    @contextmanager
    def another(self) -> Iterator[Trial]:
        """One more: a copy of the file and the folder, or everything made anew on a server."""
        if not self._database.is_sqlite:
            with self._database.engine.begin() as connection:
                databases.empty(connection)
            yield self._made()
            return
        self._database.dispose()
        self._number += 1
        folder = self._settings.var.with_name(f"trial{self._number}")
        shutil.copytree(self._settings.var, folder)
        url = f"sqlite:///{shutil.copy(self._file, folder / 'crm.db')}"
        settings = replace(self._settings, var=folder, database_url=url)
        database = Database(url)
        trial = fresh(settings, database)
        trial.clock.now = self._ready.clock.now
        old = self._ready.services
        trial.services = replace(
            trial.services, mailer=deepcopy(old.mailer), inbox=deepcopy(old.inbox),
            image_service=deepcopy(old.image_service),
        )  # fmt: skip
        trial.outreach.services = trial.services
        try:
            yield trial
        finally:
            database.dispose()
            shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("name", "what"),
    [(name, what) for name in OPERATIONS for what in Break if what is not Break.WRITE or name in WRITES],
)
def test_whatever_fails_it_is_done_once_in_the_end(
    settings: Settings, database: Database, name: str, what: Break
) -> None:
    operation = OPERATIONS[name]
    stock = Stock(settings, database, operation)
    with stock.another() as trial:
        with breaking(trial.services.database, what, MOST) as breaker:
            operation.do(trial)
        again(trial, operation)
        wanted, count = aftermath(trial), breaker.counted
    assert 0 < count < MOST, (name, what)
    usual = max(
        STRIDES[what][0 if database.is_sqlite else 1], count // (AT_MOST if database.is_sqlite else 4)
    )
    stride = 1 if IS_DEEP else max(usual, 1)
    for number in range(1, count + 1, stride):
        with stock.another() as trial:
            with breaking(trial.services.database, what, number) as breaker:
                _try(operation, trial)
            again(trial, operation)
            found = aftermath(trial)
            assert _without_doubt(found, wanted) == wanted, (name, what, number)


def _try(operation: Operation, trial: Trial) -> None:
    with suppress(OperationalError, MemoryError, OSError):
        operation.do(trial)


def _without_doubt(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """A mail may have left, and nobody knows: that is an outcome as well, and its step waits for a person."""
    doubtful = {row[0] for row in found["messages"] if row[2] == "uncertain"}
    if not doubtful:
        return found
    assert {row[0] for row in found["messages"]} == {row[0] for row in wanted["messages"]}
    assert set(found["left"]) <= set(wanted["left"])
    settled = {
        name: found[name]
        for name in ("noes", "journal", "leads", "reports", "imports", "erasures", "mails", "switches")
    }
    return {**wanted, **settled}
