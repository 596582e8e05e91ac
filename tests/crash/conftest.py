"""One process from which those that are killed are forked, for a whole run; and an installation a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.forks import Forks
from tests.crash.installation import Installation
from tests.servers.smtp import SmtpServer


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    with Forks() as forks:
        yield forks


@pytest.fixture(scope="session")
def others() -> Iterator[Forks]:
    """For whoever has to be at work while another is killed."""
    with Forks() as forks:
        yield forks


@pytest.fixture
def here(forks: Forks, tmp_path: Path, database_url: str) -> Iterator[Installation]:
    with SmtpServer() as provider:
        installation = Installation.at(tmp_path / "var", database_url, forks, provider)
        yield installation
        installation.close()
