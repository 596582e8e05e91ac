"""A second start asks the program nothing when nothing is left to make, and asks it when in doubt."""

from pathlib import Path

import pytest
from sqlalchemy import text

from crm.bootstrap.home import is_current, is_settled
from crm.delivery.models import Mailbox
from crm.kernel import schema
from crm.services import Services
from crm.staff.models import Role, Staff
from tests import world
from tests.conftest import NOW


@pytest.fixture
def settled(services: Services) -> Services:
    with services.database.transaction() as session:
        session.add(Mailbox(address="sales@outreach.produfoto.example", display_name="Produfoto"))
        session.add(
            Staff(name="Noor", email="n@o.example", password_hash="x", role=Role.ADMIN, created_at=NOW)
        )
    return services


def test_an_installation_in_use_is_settled(settled: Services) -> None:
    assert is_settled(settled.settings)


def test_without_an_account_it_is_not(settled: Services) -> None:
    with settled.database.transaction() as session:
        session.execute(text("DELETE FROM staff"))
    assert not is_settled(settled.settings)
    assert is_current(settled.settings)  # the pages may come up while the link is made


def test_without_a_mailbox_it_is_not(settled: Services) -> None:
    with settled.database.transaction() as session:
        session.execute(text("DELETE FROM mailboxes"))
    assert not is_settled(settled.settings)
    assert not is_current(settled.settings)


def test_with_an_older_schema_it_is_not(settled: Services) -> None:
    with settled.database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert not is_settled(settled.settings)
    assert not is_current(settled.settings)


def test_the_newest_schema_is_the_one_that_migrations_lead_to(settled: Services) -> None:
    assert schema.current(settled.database) == schema.newest()
    assert is_settled(settled.settings)


@pytest.mark.parametrize(
    "url", ["sqlite:///{}/missing.db", "sqlite:///{}/empty.db", "postgresql+psycopg://nobody@127.0.0.1:9/x"]
)
def test_in_doubt_it_is_not(tmp_path: Path, url: str) -> None:
    (tmp_path / "empty.db").write_bytes(b"not a database")
    settings = world.settings(tmp_path / "var", url.format(tmp_path))
    assert not is_settled(settings)
    assert not is_current(settings)
