"""No personal data in categories or custom arguments: looked at in the bytes that leave."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm.adapters import sendgrid
from crm.adapters.sendgrid import SendGridMailer
from crm.adapters.sendgrid_bytes import unfit
from crm.adapters.sendgrid_payload import payload
from crm.delivery.ports import Accepted, Envelope, Outcome, Rejected
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.envelopes import envelope
from tests.outreach import Outreach
from tests.servers.sendgrid import KEY, SendGrid
from tests.workflows.reports.reported import ANN, handed_over

pytestmark = [pytest.mark.enable_socket]

Change = Callable[[dict[str, Any]], Any]


def to_one(request: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = request["personalizations"][0]
    return one


LEAKS: dict[str, Change] = {
    "an address as a category": lambda r: r.update(categories=["outreach", "ann@winkel.example"]),
    "any category": lambda r: r.update(categories=["outreach"]),
    "an address as an argument": lambda r: to_one(r)["custom_args"].update(who="ann@winkel.example"),
    "an address in our argument": lambda r: to_one(r)["custom_args"].update(crm_message_id=ANN),
    "a number in our argument": lambda r: to_one(r)["custom_args"].update(crm_message_id=7),
    "arguments of the whole request": lambda r: r.update(custom_args={"name": "Anna"}),
    "no argument": lambda r: to_one(r).pop("custom_args"),
    "a second recipient": lambda r: to_one(r)["to"].append({"email": "bob@winkel.example"}),
    "a blind copy": lambda r: to_one(r).update(bcc=[{"email": "bob@winkel.example"}]),
    "a second personalization": lambda r: r["personalizations"].append(to_one(r)),
    "sent later": lambda r: r.update(send_at=1),
    "lists not asked": lambda r: r.update(mail_settings={"bypass_list_management": {"enable": True}}),
    "openings measured": lambda r: r["tracking_settings"]["open_tracking"].update(enable=True),
    "trackers not mentioned": lambda r: r.pop("tracking_settings"),
}


def send(one: Envelope) -> tuple[Outcome, SendGrid]:
    with SendGrid() as server:
        mailer = SendGridMailer(KEY, lambda: NOW, host=server.url)
        outcome = mailer.send([one])[0]
        mailer.close()
    return outcome, server


def test_what_we_write_may_leave() -> None:
    assert unfit(json.dumps(payload(envelope())).encode()) == ""
    assert isinstance(send(envelope())[0], Accepted)


@pytest.mark.parametrize("change", LEAKS.values(), ids=LEAKS)
def test_a_request_that_says_more_does_not_leave(change: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(one: Envelope) -> dict[str, object]:
        request: dict[str, Any] = json.loads(json.dumps(payload(one)))
        change(request)
        return request

    monkeypatch.setattr(sendgrid, "payload", leaky)
    outcome, server = send(envelope())
    assert isinstance(outcome, Rejected)
    assert (outcome.code, server.asked) == ("malformed", [])
    assert "winkel" not in outcome.detail


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"7", b"[" * 10_000, b'{"personalizations": []}'])
def test_what_is_no_request_does_not_leave(body: bytes) -> None:
    assert unfit(body)


def test_a_real_mail_names_its_reader_only_where_mail_does(services: Services, clock: FakeClock) -> None:
    case = handed_over(services, clock, answer=Accepted(None))
    message = case.message
    outcome, server = send(Envelope(message.public_id, message.sender, message.recipient, message.wire))
    assert isinstance(outcome, Accepted)
    [mail] = server.mails
    one = mail["personalizations"][0]
    assert one["custom_args"] == {"crm_message_id": message.public_id}
    assert one["to"] == [{"email": ANN}]
    del one["to"], mail["content"], mail["subject"]
    bytes_left = json.dumps(mail)
    person = Outreach(services).prospect(1)
    for personal in (ANN, person.name, person.name.split()[0], "winkel"):
        assert personal.lower() not in bytes_left.lower()
