"""Mail as SendGrid's Inbound Parse posts it: on the disk before the 200, and no answer that loses one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from crm.adapters.sendgrid_hook import SendGridHook
from crm.delivery.models import Message, MessageState
from crm.replies.models import InboundMail
from crm.replies.ports import CUT, SIZE_LIMIT
from crm.services import Services
from crm.web.app import create_app
from crm.web.hooks import inbound
from crm.workflows.inbox.understand_mail import understand_mail
from tests.conftest import NOW, FakeClock
from tests.outreach import Outreach
from tests.servers.events import Signer
from tests.web.shared import app_over

pytestmark = pytest.mark.both_databases

BOUNDARY = "xYzZY"
HEAD = b"From: Anna <anna@winkel.example>\r\nSubject: caf\xe9\r\nMessage-ID: <1@winkel.example>\r\n"
MAIL = HEAD + b"\r\n\x00\xff Dag\r\n"
ENVELOPE = {"to": ["r+abc@outreach.produfoto.example"], "from": "anna@winkel.example"}


def form(*fields: tuple[str, bytes], boundary: str = BOUNDARY) -> bytes:
    """As Sendlib writes it: no file names, no types, a blank line at the end."""
    parts = [
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), value)
        for name, value in fields
    ]
    return b"".join([*parts, f"--{boundary}--\r\n".encode()])


def as_sendgrid(mail: bytes = MAIL, envelope: object = ENVELOPE) -> bytes:
    around = [("dkim", b"{@winkel.example : pass}"), ("SPF", b"pass"), ("to", b"wie dan ook <x@y.example>")]
    return form(*around, ("email", mail), ("envelope", json.dumps(envelope).encode()), ("charsets", b"{}"))


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return app_over(services).test_client()


@pytest.fixture
def address(services: Services) -> str:
    return f"/hooks/inbound/{services.settings.keys.inbound_names[-1]}"


def post(client: FlaskClient, address: str, body: bytes) -> TestResponse:
    return client.post(address, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")


def stored(services: Services) -> list[bytes | None]:
    with services.database.reading() as session:
        return list(session.scalars(select(InboundMail.raw).order_by(InboundMail.id)))


def test_a_mail_is_kept_to_the_byte_with_its_envelope(
    client: FlaskClient, services: Services, address: str
) -> None:
    assert post(client, address, as_sendgrid()).json == {"news": True}
    trace = b"Return-Path: <anna@winkel.example>\r\nDelivered-To: r+abc@outreach.produfoto.example\r\n"
    assert stored(services) == [trace + MAIL]


def test_a_mail_that_is_posted_again_is_kept_once(
    client: FlaskClient, services: Services, address: str
) -> None:
    replies = [post(client, address, as_sendgrid()).json for _ in range(40)]
    assert replies == [{"news": True}, *[{"news": False}] * 39]
    assert len(stored(services)) == 1


@pytest.mark.parametrize("end", ["x", "é", "%00", "inbound_1", "a" * 32, "A" * 5_000])
def test_whoever_does_not_know_the_address_finds_nothing(
    client: FlaskClient, services: Services, end: str
) -> None:
    reply = post(client, f"/hooks/inbound/{end}", as_sendgrid())
    assert (reply.status_code, reply.json) == (404, {"error": 404})
    assert stored(services) == []


def test_nearly_the_secret_is_not_the_secret(client: FlaskClient, services: Services, address: str) -> None:
    for wrong in (address[:-1], address + "a", address.upper(), address[:-1] + "9"):
        assert post(client, wrong, as_sendgrid()).status_code == 404
    assert stored(services) == []


BROKEN = {
    "raw mode is off": form(("headers", b"From: a@b.example"), ("text", b"Dag"), ("envelope", b"{}")),
    "cut off in the mail": as_sendgrid()[:200],
    "cut off before the end": as_sendgrid().removesuffix(f"--{BOUNDARY}--\r\n".encode()),
    "an empty mail": form(("email", b"\r\n"), ("envelope", b"{}")),
    "nothing": b"",
    "another boundary": form(("email", MAIL), boundary="other"),
    "too many parts": form(*[(f"f{number}", b"x") for number in range(1_001)], ("email", MAIL)),
    "a part without a name": b"--xYzZY\r\n\r\nx\r\n--xYzZY--\r\n",
    "a header that is no text": b"--xYzZY\r\n\xff\xfe: x\r\n\r\nx\r\n--xYzZY--\r\n",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_read_is_asked_for_again(
    client: FlaskClient, services: Services, address: str, body: bytes
) -> None:
    assert post(client, address, body).status_code == 503
    assert stored(services) == []


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary="])
def test_a_post_that_is_no_form_is_asked_for_again(client: FlaskClient, address: str, kind: str) -> None:
    assert client.post(address, data=as_sendgrid(), content_type=kind).status_code == 503


ENVELOPES = {
    "a bounce": (
        {"to": ["b+abc@o.example"], "from": ""},
        b"Return-Path: <>\r\nDelivered-To: b+abc@o.example\r\n",
    ),
    "no sender": ({"to": ["b+abc@o.example"]}, b"Return-Path: <>\r\nDelivered-To: b+abc@o.example\r\n"),
    "a line break": ({"to": ["a@b.example\r\nX: y"], "from": "a\nb"}, b""),
    "not a list": ({"to": 7, "from": "a@b.example"}, b""),
    "a list": ([], b""),
    "numbers": ({"to": [1, 2], "from": 3}, b""),
}


@pytest.mark.parametrize(("envelope", "trace"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_an_odd_envelope_loses_no_mail_and_writes_no_header(
    client: FlaskClient, services: Services, address: str, envelope: object, trace: bytes
) -> None:
    assert post(client, address, as_sendgrid(envelope=envelope)).status_code == 200
    assert stored(services) == [trace + MAIL]


def test_a_mail_that_cannot_be_stored_is_asked_for_again(
    client: FlaskClient, services: Services, address: str
) -> None:
    with hidden(services):
        assert post(client, address, as_sendgrid()).status_code == 503
    assert post(client, address, as_sendgrid()).json == {"news": True}


@contextmanager
def hidden(services: Services) -> Iterator[None]:
    """The table cannot be written for a while."""
    for there, gone in ("inbound_mails", "elsewhere"), ("elsewhere", "inbound_mails"):
        with services.database.transaction() as session:
            session.execute(text(f"ALTER TABLE {there} RENAME TO {gone}"))
        if gone == "elsewhere":
            yield


def test_thirty_megabytes_are_taken(client: FlaskClient, services: Services, address: str) -> None:
    large = MAIL + (b"y" * 76 + b"\r\n") * (30_000_000 // 78)
    assert post(client, address, as_sendgrid(large)).status_code == 200
    (raw,) = stored(services)
    assert raw is not None
    assert raw.endswith(large)


def test_of_more_than_anybody_sends_the_beginning_is_kept(
    client: FlaskClient, services: Services, address: str
) -> None:
    assert post(client, address, as_sendgrid(MAIL + b"y" * SIZE_LIMIT)).status_code == 200
    (raw,) = stored(services)
    assert raw is not None
    assert len(raw) < CUT + 100
    assert MAIL in raw


def test_a_post_over_every_limit_is_put_off_and_not_refused(client: FlaskClient, address: str) -> None:
    length = {"CONTENT_LENGTH": str(inbound.LARGEST + 1)}
    reply = client.post(address, data=as_sendgrid(), environ_overrides=length)
    assert (reply.status_code, reply.json) == (503, {"error": "not_read"})


def test_a_post_that_breaks_off_is_asked_for_again(client: FlaskClient, address: str) -> None:
    body = as_sendgrid()
    longer = {"CONTENT_LENGTH": str(len(body) + 100)}
    reply = client.post(
        address, data=body, content_type=f"multipart/form-data; boundary={BOUNDARY}", environ_overrides=longer
    )
    assert (reply.status_code, reply.json) == (503, {"error": "not_read"})


def test_a_report_posted_to_the_bounce_address_changes_its_message(
    client: FlaskClient, services: Services, address: str
) -> None:
    outreach = Outreach(services)
    outreach.enrol([outreach.person("anna@winkel.example")], outreach.sequence())
    clock = services.clocks.calendar
    assert isinstance(clock, FakeClock)
    for _ in range(8):
        outreach.plan()
        outreach.dispatch()
        clock.advance(timedelta(hours=3))
    with services.database.reading() as session:
        message = session.scalars(select(Message)).one()
    envelope = {"to": [services.links.bounce_address(message.public_id).upper()], "from": ""}
    report = (
        b"From: MAILER-DAEMON@mx.example\r\nTo: somebody@elsewhere.example\r\nSubject: Undelivered\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; anna@winkel.example\r\n"
        b"Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    assert post(client, address, as_sendgrid(report, envelope)).status_code == 200
    understand_mail(services.reading_room, now=services.clocks.calendar())
    with services.database.reading() as session:
        assert session.scalars(select(Message.state)).one() is MessageState.BOUNCED
        assert session.scalars(select(InboundMail.matched_by)).one() == "token"


def test_with_a_key_the_address_alone_does_not_do(services: Services, address: str) -> None:
    ours, other = Signer(), Signer()
    client = create_app(replace(services, inbound_signature=SendGridHook([ours.public]))).test_client()
    body = as_sendgrid()
    kind = f"multipart/form-data; boundary={BOUNDARY}"

    def answer(headers: dict[str, str], sent: bytes = body) -> int:
        return client.post(address, data=sent, content_type=kind, headers=headers).status_code

    wrong = [
        {},
        other.headers(body, NOW),
        ours.headers(body + b"x", NOW),
        ours.headers(body, NOW - timedelta(days=2)),
    ]
    assert [answer(headers) for headers in wrong] == [503] * 4
    assert answer(ours.headers(body, NOW), body.replace(b"Dag", b"Nee")) == 503
    assert stored(services) == []
    assert answer(ours.headers(body, NOW)) == 200
    assert len(stored(services)) == 1
