"""The page behind a sign-up link: opening shows, the button goes on, once, and never to nowhere."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from crm.audit import chain
from crm.handoff.models import Lead, LeadState
from crm.services import Services
from crm.workflows.leads.convert import Converting, convert
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach


@pytest.fixture
def code(services: Services) -> str:
    """Of a lead that the image service has."""
    person = Outreach(services).person("anna@winkel.example")
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    with services.database.transaction() as session:
        lead = convert(session, person, how, by=chain.OWNER).lead
        lead.state, lead.handed_over_at = LeadState.HANDED_OVER, NOW
        found = services.links.start_code(lead.public_id, lead.code_digest)
    assert found
    return found


def used_at(services: Services) -> object:
    with services.database.reading() as session:
        return session.scalars(select(Lead.code_used_at)).one()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_looking_uses_nothing_up(client: FlaskClient, services: Services, code: str, method: str) -> None:
    assert client.open(f"/start/{code}", method=method).status_code == 200
    assert used_at(services) is None


def test_the_button_goes_on_once(client: FlaskClient, services: Services, code: str) -> None:
    reply = client.post(f"/start/{code}")
    assert reply.status_code == 303
    assert f"c={code}" in reply.headers["Location"]
    assert used_at(services) == NOW
    assert client.post(f"/start/{code}").status_code == 404
    assert client.get(f"/start/{code}").status_code == 404


def test_a_code_the_image_service_does_not_know_yet_is_not_spent(
    client: FlaskClient, services: Services, code: str
) -> None:
    with services.database.transaction() as session:
        session.execute(update(Lead).values(state=LeadState.QUEUED, handed_over_at=None))
    assert client.get(f"/start/{code}").status_code == 404
    assert client.post(f"/start/{code}").status_code == 404
    assert used_at(services) is None


def test_a_code_ends_after_ninety_days(
    client: FlaskClient, services: Services, code: str, clock: FakeClock
) -> None:
    clock.advance(timedelta(days=90))
    assert client.post(f"/start/{code}").status_code == 404
    assert used_at(services) is None


@pytest.mark.parametrize("wrong", ["x", "a" * 32, "a" * 5_000, "%00", "\u2028"])
def test_unknown_used_and_expired_say_the_same(client: FlaskClient, code: str, wrong: str) -> None:
    client.post(f"/start/{code}")
    dutch = {"Accept-Language": "nl"}  # who has a code in hand reads it in the language of our mail anyway
    used, unknown = (client.get(f"/start/{one}", headers=dutch) for one in (code, wrong))
    assert (used.status_code, unknown.status_code) == (404, 404)
    assert used.text == unknown.text


@pytest.mark.parametrize("spent", [True, False])
def test_whatever_became_of_their_link_the_page_speaks_their_language(
    client: FlaskClient, clock: FakeClock, code: str, *, spent: bool
) -> None:
    abroad = {"Accept-Language": "fr"}
    assert 'lang="nl"' in client.get(f"/start/{code}", headers=abroad).text
    if spent:
        client.post(f"/start/{code}", headers=abroad)
    clock.advance(timedelta(days=1 if spent else 90))
    for page in (client.get(f"/start/{code}", headers=abroad), client.post(f"/start/{code}", headers=abroad)):
        assert page.status_code == 404
        assert 'lang="nl"' in page.text
        assert "Deze link werkt niet meer" in page.text
    assert 'lang="fr"' in client.get(f"/start/{'a' * 32}", headers=abroad).text


def test_no_code_and_no_digest_of_it_stands_in_the_link_beside_the_code(
    services: Services, code: str
) -> None:
    with services.database.reading() as session:
        lead = session.scalars(select(Lead)).one()
    assert len(code) >= 26  # 128 bits in base32
    assert code not in lead.body.decode()
    assert b"anna" not in lead.body
    assert b"@" not in lead.body
