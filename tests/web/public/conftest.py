"""People outside, with a browser and without one."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.delivery.models import Message
from crm.kernel.ids import new_public_id
from crm.kernel.public_links import MailboxLink
from crm.services import Services
from tests.promises.canaries import Planted, plant, spellings
from tests.web.shared import app_over


@pytest.fixture
def app(services: Services) -> Flask:
    return app_over(services)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client


@pytest.fixture
def anna(services: Services) -> Planted:
    """A prospect with a running series and a mail that waits."""
    ring = services.settings.keys.addresses
    more = {"prospects.language": "nl", "messages.public_id": new_public_id()}
    with services.database.transaction() as session:
        someone = plant(session, ring, name="anna", more=more)
        spellings(session, ring, someone)
    return someone


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.fixture
def link(services: Services, anna: Planted) -> MailboxLink:
    ring = services.settings.keys.addresses
    with services.database.reading() as session:
        reference = session.scalars(select(Message.public_id)).one()[:16]
    return MailboxLink(ring.digest(anna.address), ring.version, reference)


@pytest.fixture
def url(services: Services, link: MailboxLink) -> str:
    return path_of(services.links.unsubscribe_url(link))


@pytest.fixture
def about_url(services: Services, link: MailboxLink) -> str:
    return path_of(services.links.about_url(link))
