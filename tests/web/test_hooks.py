"""What the image service may tell us: signed, from now, in this direction, and each once (I22, I26)."""

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from crm.audit import chain
from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel import webhooks
from crm.replies.models import InboundMail
from crm.services import Services
from crm.web.hooks import inbound
from crm.workflows.leads.convert import Converting, convert
from tests.conftest import NOW
from tests.outreach import Outreach
from tests.web.shared import app_over

pytestmark = pytest.mark.both_databases
PATH = "/hooks/image-service"


@pytest.fixture
def app(services: Services) -> Flask:
    return app_over(services)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def lead(services: Services) -> str:
    person = Outreach(services).person("anna@winkel.example")
    how = Converting(services.settings.keys.addresses, services.links, NOW, NOW)
    with services.database.transaction() as session:
        return convert(session, person, how, by=chain.OWNER).lead.public_id


def body(lead: str, said: str = "signed_up") -> bytes:
    return json.dumps({"type": said, "lead_id": lead, "occurred_at": "2026-03-02T08:00:00Z"}).encode()


def headers(services: Services, raw: bytes, name: str = "report_1", **shift: int) -> dict[str, str]:
    secrets = services.settings.keys.image_service
    return webhooks.signed_headers(secrets, name, raw, now=NOW + timedelta(**shift))


def say(client: FlaskClient, raw: bytes, signed: Mapping[str, str]) -> TestResponse:
    return client.post(PATH, data=raw, headers=dict(signed))


def known(services: Services) -> tuple[LeadState, int]:
    with services.database.reading() as session:
        return session.scalars(select(Lead.state)).one(), len(session.scalars(select(LeadReport.id)).all())


def test_a_report_moves_its_lead_and_the_same_one_twice_is_one(
    client: FlaskClient, services: Services, lead: str
) -> None:
    raw = body(lead)
    assert [say(client, raw, headers(services, raw)).json for _ in range(2)] == [
        {"moved": True},
        {"moved": False},
    ]
    assert known(services) == (LeadState.SIGNED_UP, 1)


def test_reports_out_of_order_only_ever_move_forward(
    client: FlaskClient, services: Services, lead: str
) -> None:
    for number, said in enumerate(("paid", "signed_up", "first_image")):
        raw = body(lead, said)
        assert say(client, raw, headers(services, raw, f"report_{number}")).status_code == 200
    assert known(services) == (LeadState.PAID, 3)


def test_no_single_bit_of_body_or_signature_may_be_another(
    client: FlaskClient, services: Services, lead: str
) -> None:
    raw = body(lead)
    right = headers(services, raw)
    answers = set()
    for place in range(0, len(raw) * 8, 37):
        altered = bytearray(raw)
        altered[place // 8] ^= 1 << place % 8
        answers.add(say(client, bytes(altered), right).get_data())
    signature = right[webhooks.SIGNATURE_HEADER]
    for place in range(3, len(signature) - 3, 5):  # the last letters hold spare bits
        other = signature[:place] + ("A" if signature[place] != "A" else "B") + signature[place + 1 :]
        answers.add(say(client, raw, {**right, webhooks.SIGNATURE_HEADER: other}).get_data())
    assert answers == {b'{"error":"not_signed"}\n'}
    assert known(services) == (LeadState.QUEUED, 0)


@pytest.mark.parametrize(
    "change",
    [
        {webhooks.TIMESTAMP_HEADER: "1"},
        {webhooks.TIMESTAMP_HEADER: "0000000000"},
        {webhooks.TIMESTAMP_HEADER: "9999999999"},
        {webhooks.TIMESTAMP_HEADER: "\u0661" * 10},
        {webhooks.ID_HEADER: "lead_1"},
        {webhooks.ID_HEADER: ""},
        {webhooks.ID_HEADER: "report_" + "1" * 5_000},
        {webhooks.SIGNATURE_HEADER: ""},
        {webhooks.SIGNATURE_HEADER: "v1,"},
        {webhooks.SIGNATURE_HEADER: "v1,\u00e9"},
        {webhooks.SIGNATURE_HEADER: "v1,x " * 500},
    ],
)  # fmt: skip
def test_a_header_that_is_not_right_gets_the_one_answer(
    client: FlaskClient, services: Services, lead: str, change: dict[str, str]
) -> None:
    raw = body(lead)
    reply = say(client, raw, headers(services, raw) | change)
    assert (reply.status_code, reply.json) == (401, {"error": "not_signed"})
    assert known(services) == (LeadState.QUEUED, 0)


@pytest.mark.parametrize("minutes", [-6, 6, 60 * 24 * 365])
def test_a_report_from_another_time_is_refused(
    client: FlaskClient, services: Services, lead: str, minutes: int
) -> None:
    raw = body(lead)
    assert say(client, raw, headers(services, raw, minutes=minutes)).status_code == 401


def test_what_we_sent_ourselves_is_not_believed_when_it_comes_back(
    client: FlaskClient, services: Services, lead: str
) -> None:
    raw = body(lead)
    assert say(client, raw, headers(services, raw, lead)).status_code == 401


def test_the_secret_of_one_hook_opens_no_other(client: FlaskClient, services: Services, lead: str) -> None:
    raw = body(lead)
    signed = webhooks.signed_headers(services.settings.keys.inbound_hook, "report_1", raw, now=NOW)
    assert say(client, raw, signed).status_code == 401
    mine = headers(services, raw, "inbound_1")
    assert client.post("/hooks/inbound", data=raw, headers=mine).status_code == 401
    with services.database.reading() as session:
        assert session.scalars(select(InboundMail.id)).all() == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{", b"null", b'{"type": "queued"}', b"\xff\xfe", b"[" * 5_000, b'{"type": {"a": 1}}',
     b'{"type":"paid","lead_id":1,"occurred_at":"yesterday"}',
     b'{"type":"paid","lead_id":"x","occurred_at":"2026-03-02T08:00:00"}'],
)  # fmt: skip
def test_a_signed_body_that_is_no_report_is_said_to_be_none(
    client: FlaskClient, services: Services, raw: bytes
) -> None:
    reply = say(client, raw, headers(services, raw))
    assert (reply.status_code, reply.json) == (400, {"error": "not_a_report"})


@pytest.mark.parametrize("said", ["queued", "handed_over", "conflict", "refused"])
def test_only_what_happens_over_there_can_be_reported(
    client: FlaskClient, services: Services, lead: str, said: str
) -> None:
    raw = body(lead, said)
    assert say(client, raw, headers(services, raw)).json == {"error": "not_a_report"}
    assert known(services) == (LeadState.QUEUED, 0)


@pytest.mark.parametrize("name", ["lead_gone", "a\0b", "x" * 10_000])
def test_a_lead_nobody_knows_is_gone(client: FlaskClient, services: Services, name: str) -> None:
    raw = body(name)
    assert say(client, raw, headers(services, raw)).status_code in {400, 410}


def test_a_mail_of_any_bytes_is_kept_as_it_came(client: FlaskClient, services: Services) -> None:
    secrets = services.settings.keys.inbound_hook
    mails = [b"\0", b"From: a\r\nSubject: \0\r\n\r\n\xff\xfe\0", b"x" * 100_000]
    for number, raw in enumerate(mails):
        signed = webhooks.signed_headers(secrets, f"inbound_{number}", raw, now=NOW)
        assert client.post("/hooks/inbound", data=raw, headers=signed).json == {"news": True}
    with services.database.reading() as session:
        assert list(session.scalars(select(InboundMail.raw).order_by(InboundMail.id))) == mails


def test_a_mail_too_large_for_anybody_is_put_off_and_not_refused(client: FlaskClient) -> None:
    length = {"CONTENT_LENGTH": str(inbound.LARGEST + 1)}
    reply = client.post("/hooks/inbound", data=b"x", environ_overrides=length)
    assert (reply.status_code, reply.json) == (503, {"error": "not_read"})


def test_a_mail_that_cannot_be_stored_is_asked_for_again(client: FlaskClient, services: Services) -> None:
    raw = b"From: a@b.example\r\n\r\nDag\r\n"
    signed = webhooks.signed_headers(services.settings.keys.inbound_hook, "inbound_1", raw, now=NOW)
    with services.database.transaction() as session:
        session.execute(text("ALTER TABLE inbound_mails RENAME TO elsewhere"))
    try:
        assert client.post("/hooks/inbound", data=raw, headers=signed).status_code == 503
    finally:
        with services.database.transaction() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO inbound_mails"))
    assert client.post("/hooks/inbound", data=raw, headers=signed).json == {"news": True}
