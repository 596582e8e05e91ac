"""What SendGrid is asked for: our words and headers, one recipient, nothing measured."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from crm.adapters.sendgrid import SendGridMailer
from crm.delivery.ports import Envelope, Outcome, Rejected
from tests.envelopes import envelope
from tests.servers import http

pytestmark = [pytest.mark.enable_socket]


def post(one: Envelope) -> tuple[Outcome, list[http.Asked]]:
    with http.HttpServer([http.status(202)]) as server:
        mailer = SendGridMailer("SG.key", lambda: datetime(2026, 3, 2, tzinfo=UTC), host=server.url)
        outcome = mailer.send([one])[0]
        mailer.close()
        return outcome, server.asked


def posted(one: Envelope) -> http.Asked:
    return post(one)[1][0]


def test_the_request_is_what_we_mean_to_say() -> None:
    asked = posted(envelope())
    assert (asked.method, asked.path) == ("POST", "/v3/mail/send")
    assert asked.headers["authorization"] == "Bearer SG.key"
    assert asked.headers["content-type"] == "application/json"
    assert asked.fields == {
        "personalizations": [
            {
                "to": [{"email": "inkoop1@winkel1.example"}],
                "headers": {
                    "Message-ID": "<m1@outreach.example>",
                    "In-Reply-To": "<m0@outreach.example>",
                    "References": "<m0@outreach.example>",
                    "List-Unsubscribe": "<https://outreach.example/u/abc>, <mailto:u+abc@outreach.example>",
                    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                    "Feedback-ID": "step12:seq3:outreach:produfoto",
                    "Auto-Submitted": "no",
                },
                "custom_args": {"crm_message_id": envelope().public_id},
            }
        ],
        "from": {"email": "sales@outreach.example", "name": "Produfoto"},
        "reply_to": {"email": "r+token@reply.outreach.example"},
        "subject": "Productfoto's voor één winkel",
        "content": [
            {"type": "text/plain", "value": "Dag,\n\nÉén vraag.\n"},
            {"type": "text/html", "value": "<p>Dag,\n\nÉén vraag.\n</p>\n"},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": False, "enable_text": False},
            "open_tracking": {"enable": False},
            "subscription_tracking": {"enable": False},
            "ganalytics": {"enable": False},
        },
    }


def made(**headers: str) -> bytes:
    message = EmailMessage(policy=SMTP.clone(cte_type="7bit", max_line_length=998))
    for name, value in {"From": "a@b.example", "To": "c@d.example", **headers}.items():
        message[name.replace("_", "-")] = value
    message.set_content("text\n")
    return message.as_bytes()


@pytest.mark.parametrize(
    "wire",
    [
        made(From="a@b.example, c@d.example"),
        made(From="nobody"),
        b"From: a@b.example\r\nContent-Type: image/png\r\n\r\nx\r\n",
        made().replace(b"To:", b"X-One: 1\r\nX-One: 2\r\nTo:"),
        made().replace(b"To:", b"X-One: a\x07b\r\nTo:"),
    ],
    ids=["two senders", "no sender", "no text", "a header twice", "a control character"],
)
def test_what_sendgrid_could_not_carry_is_rejected_and_not_posted(wire: bytes) -> None:
    outcome, asked = post(envelope(wire_bytes=wire))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "malformed"
    assert asked == []


def test_long_headers_travel_unfolded_and_names_without_commas() -> None:
    link = f"<https://outreach.example/u/{'a' * 300}>"
    wire = made(From='"Jansen, Piet; sales" <a@b.example>', List_Unsubscribe=link, Subject="S" * 300)
    fields = posted(envelope(wire_bytes=wire)).fields
    assert fields["personalizations"][0]["headers"]["List-Unsubscribe"] == link
    assert fields["from"]["name"] == "Jansen  Piet  sales"
    assert fields["subject"] == "S" * 300
