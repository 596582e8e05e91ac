"""What we hold about you: shown to whoever holds the link, without words they wrote or we noted (P30)."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.privacy.models import RightsRequest
from crm.services import Services
from tests.promises.canaries import Planted


def test_it_says_what_is_held_and_where_it_comes_from(client: FlaskClient, about_url: str) -> None:
    page = client.get(about_url + "?lang=en").text
    assert "canary anna prospects name" in page
    assert "canary anna companies name" in page
    assert "published on your company" in page
    assert "canary anna sources url" in page
    assert "Autoriteit Persoonsgegevens" in page


def test_the_address_is_masked_and_words_are_not_shown(
    client: FlaskClient, about_url: str, anna: Planted
) -> None:
    page = client.get(about_url).text
    assert str(anna.address) not in page
    assert "notes body" not in page
    assert "inbound_mails" not in page


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_starts_no_request(
    client: FlaskClient, services: Services, about_url: str, method: str
) -> None:
    with services.database.reading() as session:
        before = session.scalars(select(RightsRequest.id)).all()
    getattr(client, method)(about_url)
    with services.database.reading() as session:
        assert session.scalars(select(RightsRequest.id)).all() == before


def test_asking_for_a_copy_starts_the_clock_once(
    client: FlaskClient, services: Services, about_url: str, anna: Planted
) -> None:
    for _ in range(3):
        assert client.post(about_url).status_code == 200
    with services.database.reading() as session:
        kinds = session.scalars(select(RightsRequest.kind).where(RightsRequest.channel == "page")).all()
    assert kinds == ["access"]


def test_after_an_erasure_it_says_that_nothing_is_held(client: FlaskClient, about_url: str, url: str) -> None:
    client.post(url, data={"choice": "remove"})
    page = client.get(about_url + "?lang=en").text
    assert "We hold nothing about the address" in page
    assert "canary" not in page
    assert "We never contact you again" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unsubscribe_link_opens_nothing_here(client: FlaskClient, url: str, method: str) -> None:
    foreign = "/about/" + url.removeprefix("/u/")
    assert getattr(client, method)(foreign).status_code == 404
