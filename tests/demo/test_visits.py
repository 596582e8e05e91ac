"""The demo's people can use the real pages: what they look for in them is there."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from crm.kernel.addresses import EmailAddress
from crm.kernel.public_links import MailboxLink
from crm.services import Services
from crm.web.app import create_app
from crm.web.public.choices import Choice
from scripts.demo.letter import read_letter
from scripts.demo.visits import filled_form, hidden_fields, place_of
from tests.conftest import FakeClock
from tests.outreach import Outreach


@pytest.fixture
def client(services: Services) -> Iterator[FlaskClient]:
    with create_app(services).test_client() as client:
        yield client


@pytest.fixture
def page(client: FlaskClient, services: Services) -> str:
    ring = services.settings.keys.addresses
    digest = ring.digest(EmailAddress.parse("anna@winkel.example"))
    url = services.links.unsubscribe_url(MailboxLink(digest, ring.version, ""))
    return client.get(url.removeprefix(services.settings.base_url)).get_data(as_text=True)


@pytest.mark.parametrize("choice", ["never", "later", "measuring", "remove"])
def test_they_find_each_choice_on_the_unsubscribe_page(page: str, choice: str) -> None:
    filled = filled_form(page, choice)
    assert filled is not None
    assert filled[1]["choice"] == Choice(choice)
    assert "/u/" in filled[0]


def test_not_now_comes_with_a_month(page: str) -> None:
    filled = filled_form(page, "later")
    assert filled is not None
    assert filled[1]["month"] > "2026-03"


def test_what_is_not_offered_becomes_the_widest_choice(page: str) -> None:
    filled = filled_form(page, "series")  # the link names no message
    assert filled is not None
    assert filled[1] == {"choice": "never"}


def test_a_page_without_a_form_is_left_alone() -> None:
    assert filled_form("<p>Nothing here</p>", "never") is None


def test_they_find_the_code_on_the_sign_up_page_of_the_stand_in() -> None:
    assert hidden_fields('<form method=post><input type=hidden name=c value="abc&amp;d">') == {"c": "abc&d"}


def test_a_letter_of_ours_reads_as_its_reader_needs_it(services: Services, clock: FakeClock) -> None:
    world = Outreach(services)
    world.enrol(world.person("info@winkel.example"), world.sequence())
    clock.now = world.enrolments()[0].next_due_at or clock.now
    world.plan()
    world.dispatch()
    (sent,) = services.mailer.sent  # type: ignore[attr-defined]
    trace = f"Return-Path: <{sent.sender}>\r\nDelivered-To: {sent.recipient}\r\n"
    letter = read_letter(sent.public_id, trace.encode() + sent.wire, number=1)
    assert letter.recipient == "info@winkel.example"
    assert letter.language == "nl"
    assert letter.envelope == sent.sender
    assert "r+" in letter.reply_to
    assert letter.message_id.startswith(f"<{sent.public_id}@")
    base = services.settings.base_url
    assert letter.one_click.startswith(f"{base}/u/")
    assert not letter.links  # this installation is not on this machine: nobody goes there
    assert not letter.start


def test_everybody_has_a_place_of_their_own() -> None:
    places = {place_of(1, f"{number}@winkel.example") for number in range(100)}
    assert len(places) > 80
