"""Objecting without a link: type the address, always the same answer (P35, P37)."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.delivery.models import Message, MessageState
from crm.kernel.addresses import EmailAddress
from crm.operations.models import RateLimit
from crm.privacy import register
from crm.privacy.models import Refusal, RightsRequest
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.promises.canaries import Planted, found_in


def test_the_form_asks_and_changes_nothing(client: FlaskClient, services: Services) -> None:
    reply = client.get("/objection")
    assert reply.status_code == 200
    assert 'value="stop" checked' in reply.text
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.id)).all() == []


@pytest.mark.parametrize(
    "spelled", ["anna@anna-shop.example", " ANNA+x@Anna-Shop.example. ", "<anna@anna-shop.example>;"]
)
def test_every_spelling_of_a_known_address_is_stopped(
    client: FlaskClient, services: Services, anna: Planted, spelled: str
) -> None:
    assert client.post("/objection", data={"address": spelled, "choice": "stop"}).status_code == 200
    with services.database.reading() as session:
        assert session.scalars(select(Message.state)).all() == [MessageState.CANCELLED]
        assert register.standing(session, services.settings.keys.addresses.digests(anna.address))


def test_an_address_we_do_not_know_is_refused_beforehand(client: FlaskClient, services: Services) -> None:
    client.post("/objection", data={"address": "somebody@later.example"})
    ring = services.settings.keys.addresses
    with services.database.reading() as session:
        assert register.standing(session, ring.digests(EmailAddress.parse("Somebody@later.example")))


@pytest.mark.parametrize("choice", ["stop", "remove"])
def test_the_answer_does_not_tell_whether_we_know_it(client: FlaskClient, anna: Planted, choice: str) -> None:
    pages = [
        client.post("/objection", data={"address": address, "choice": choice})
        for address in (str(anna.address), "stranger@nowhere.example")
    ]
    assert pages[0].status_code == pages[1].status_code == 200
    assert pages[0].data == pages[1].data
    assert dict(pages[0].headers) == dict(pages[1].headers)


def test_wanting_removal_starts_the_clock_and_removes_nothing_by_itself(
    client: FlaskClient, services: Services, anna: Planted
) -> None:
    """Whoever types an address has not proven that it is theirs; a no needs no proof, a removal does."""
    for _ in range(2):
        client.post("/objection", data={"address": str(anna.address), "choice": "remove"})
    with services.database.reading() as session:
        asked = session.scalars(select(RightsRequest).where(RightsRequest.channel == "form")).one()
        assert session.scalars(select(Message.id)).all()
    assert (asked.prospect_id, asked.kind, asked.received_at) == (anna.ids["prospects"], "erasure", NOW)
    assert asked.due_at.date().isoformat() == "2026-04-01"


@pytest.mark.parametrize(
    "text", ["", "x", "a@b@c.example", "a b@c.example", "x" * 5_000 + "@y.example", "a@b\r\nBcc: c@d.example"]
)
def test_what_is_no_address_is_asked_again(client: FlaskClient, services: Services, text: str) -> None:
    reply = client.post("/objection", data={"address": text})
    assert reply.status_code == 422
    assert 'role="alert"' in reply.text
    assert 'aria-invalid="true"' in reply.text
    with services.database.reading() as session:
        assert session.scalars(select(Refusal.id)).all() == []


def test_it_needs_no_cookie_and_sets_none(client: FlaskClient) -> None:
    for reply in (client.get("/objection"), client.post("/objection", data={"address": "a@b.example"})):
        assert "Set-Cookie" not in reply.headers
        assert reply.headers["Cache-Control"] == "no-store"


def test_the_typed_address_is_kept_nowhere(client: FlaskClient, services: Services) -> None:
    client.post("/objection", data={"address": "typed-by-hand@somewhere.example", "choice": "remove"})
    services.database.dispose()
    assert found_in(services.settings.var.parent, ["typed-by-hand@", "somewhere.example"]) == []
    with services.database.reading() as session:
        assert all("@" not in key for key in session.scalars(select(RateLimit.key)))


def test_a_place_may_name_twenty_addresses_an_hour_and_is_told_so(
    client: FlaskClient, services: Services, clock: FakeClock
) -> None:
    codes = [client.post("/objection", data={"address": f"a{n}@b.example"}).status_code for n in range(21)]
    assert codes == [200] * 20 + [429]
    clock.advance(timedelta(hours=1))
    assert client.post("/objection", data={"address": "a20@b.example"}).status_code == 200


def test_one_address_over_and_over_is_one_refusal(client: FlaskClient, services: Services) -> None:
    codes = {client.post("/objection", data={"address": "a@b.example"}).status_code for _ in range(6)}
    assert codes == {200}
    with services.database.reading() as session:
        assert len(session.scalars(select(Refusal.id)).all()) == 1


def test_removal_is_asked_for_however_often_a_stop_was_said(
    client: FlaskClient, services: Services, anna: Planted
) -> None:
    for _ in range(5):
        client.post("/objection", data={"address": str(anna.address), "choice": "stop"})
    client.post("/objection", data={"address": str(anna.address), "choice": "remove"})
    with services.database.reading() as session:
        assert "erasure" in session.scalars(select(RightsRequest.kind)).all()
