"""The demo's world, made once for all tests that look at it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.services import Services
from scripts.demo.cast import NULL_MX
from scripts.demo.world import World, build
from tests import world as parts
from tests.fakes import MemoryMailDomains

SEED = 1
FIRST_MORNING = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    services: Services
    world: World
    var: Path
    now: datetime = FIRST_MORNING


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, empty_file: Path) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{shutil.copy(empty_file, folder / 'crm.db')}"
    database = Database(url)
    real = FIRST_MORNING - timedelta(days=5)
    settings = parts.settings(folder, url, CRM_CONTROLLER_STREET="Beeldstraat 12", CRM_DEMO="yes")
    services = parts.services(settings, database, Clocks(calendar=lambda: real, real=lambda: real))
    domains = services.mail_domains
    assert isinstance(domains, MemoryMailDomains)
    domains.answers[NULL_MX] = DomainAnswer(DomainVerdict.NULL_MX, DomainFinding.NULL_MX)
    yield Made(services, build(services, folder, seed=SEED, first_morning=FIRST_MORNING), folder)
    database.dispose()
