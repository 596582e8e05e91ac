"""Fixtures every test may use: a clock that stands still, databases, services with fakes outside."""

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from jinja2.bccache import Bucket, BytecodeCache

from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.services import Services
from tests import databases, postgres, world

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning. Every test happens then unless it says otherwise."""

IN_CI = os.environ.get("CI") == "true"

# No timed tests: machines are shared. In CI the same cases each time; others are looked for at home.
hypothesis_settings.register_profile("house", deadline=None, derandomize=IN_CI)
hypothesis_settings.load_profile("house")


class CompiledTemplates(BytecodeCache):
    """Every test makes an app of its own; what a template compiles to is the same in all of them."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": CompiledTemplates()}

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class FakeClock:
    """A clock that a test sets; both clocks of the program read it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by


def pytest_collection_finish() -> None:
    """Ten thousand collected tests are not garbage: looking through them all again costs a tenth of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `both_databases` on both, one marked `on_postgresql` there; others on SQLite."""
    if "database_kind" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases")
        there = metafunc.definition.get_closest_marker("on_postgresql")
        kinds = ["sqlite", "postgresql"] if both else ["postgresql" if there else "sqlite"]
        metafunc.parametrize("database_kind", kinds, indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return databases.migrated_file(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres.binaries() is None:
        if IN_CI:
            pytest.fail(postgres.HOW_TO_GET_IT)
        pytest.skip(postgres.HOW_TO_GET_IT)
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    return databases.migrated_template(postgres_server)


@pytest.fixture
def database_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with ExitStack() as stack:
        if database_kind == "sqlite":
            copy = databases.copy_of_file(request.getfixturevalue("empty_file"), tmp_path)
        else:
            template = request.getfixturevalue("postgres_template")
            server = request.getfixturevalue("postgres_server")
            alters = request.node.get_closest_marker("changes_schema") is not None
            copy = (databases.own_database if alters else databases.emptied_database)(server, template)
        yield stack.enter_context(copy)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return world.settings(tmp_path / "var", database_url)


@pytest.fixture
def services(settings: Settings, database: Database, clock: FakeClock) -> Services:
    return world.services(settings, database, Clocks(calendar=clock, real=clock))


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """One browser for all tests of a process: Playwright's driver can be started once in each."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most tests need no browser

    from scripts import design_page  # noqa: PLC0415 - most tests need no browser

    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=design_page.CHROMIUM, args=design_page.FLAGS)
        yield started
        started.close()
