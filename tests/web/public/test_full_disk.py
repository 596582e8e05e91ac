"""No success without a commit: a disk that is full, a database that is gone."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from crm.privacy.models import Refusal
from crm.services import Services
from tests.promises.canaries import Planted


def fill_up(services: Services) -> None:
    """Forbid the database file another page."""

    @event.listens_for(services.database.engine, "connect")
    def full(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA max_page_count = 1")
        cursor.close()

    services.database.dispose()
    with services.database.transaction() as session:
        session.execute(text("DELETE FROM notes WHERE 1 = 0"))


def use_up_free_pages(services: Services) -> None:
    connection = services.database.engine.raw_connection()
    connection.cursor().execute("VACUUM")
    connection.close()
    with services.database.engine.connect() as looking:
        assert looking.execute(text("PRAGMA freelist_count")).scalar_one() == 0


@pytest.mark.parametrize(
    "data", [{"List-Unsubscribe": "One-Click"}, {"choice": "never"}, {"choice": "remove"}]
)
def test_a_full_disk_is_said_and_nothing_is_confirmed(
    client: FlaskClient, services: Services, url: str, data: dict[str, str]
) -> None:
    use_up_free_pages(services)
    fill_up(services)
    # Small rows may still fit into a page that is there; so many do not.
    replies = []
    for _ in range(200):
        replies.append(client.post(url, data=data))
        if replies[-1].status_code != 200:
            break
        with services.database.engine.connect() as connection, connection.begin():
            connection.execute(text("UPDATE refusals SET lifted_at = refused_at"))
    assert replies[-1].status_code == 503
    with services.database.reading() as session:
        held = session.scalars(select(Refusal.id).where(Refusal.lifted_at.is_(None))).all()
    assert held == []
    assert "rezfan@produfoto.com" in replies[-1].text


def test_a_journal_that_cannot_be_written_confirms_nothing(
    client: FlaskClient, services: Services, url: str
) -> None:
    journal = services.settings.var / "refusals.journal"
    journal.mkdir()
    assert client.post(url, data={"choice": "never"}).status_code == 503
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.id)).all() == []


def test_without_a_database_the_page_still_asks(
    client: FlaskClient, services: Services, url: str, anna: Planted
) -> None:
    services.database.dispose()
    for path in services.settings.var.parent.glob("crm.db*"):
        path.unlink()
    reply = client.get(url)
    assert reply.status_code == 200
    assert 'value="never" checked' in reply.text
