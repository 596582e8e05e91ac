"""Finished messages, as the compose room makes them: CRLF, 7 bit, text before HTML."""

from email.message import EmailMessage
from email.policy import SMTP

from crm.delivery.ports import Envelope

_POLICY = SMTP.clone(cte_type="7bit", max_line_length=998)


def wire(
    recipient: str, *, subject: str = "Productfoto's voor één winkel", text: str = "Dag,\n\nÉén vraag.\n"
) -> bytes:
    message = EmailMessage(policy=_POLICY)
    message["From"] = "Produfoto <sales@outreach.example>"
    message["Reply-To"] = "r+token@reply.outreach.example"
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    message["Message-ID"] = "<m1@outreach.example>"
    message["In-Reply-To"] = "<m0@outreach.example>"
    message["References"] = "<m0@outreach.example>"
    message["List-Unsubscribe"] = "<https://outreach.example/u/abc>, <mailto:u+abc@outreach.example>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Feedback-ID"] = "step12:seq3:outreach:produfoto"
    message["Auto-Submitted"] = "no"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>\n", subtype="html")
    message.set_boundary("=_the_same_each_time")
    return message.as_bytes()


def envelope(number: int = 1, *, recipient: str | None = None, wire_bytes: bytes | None = None) -> Envelope:
    to = recipient or f"inkoop{number}@winkel{number}.example"
    return Envelope(
        public_id=f"message{number:019d}",
        sender=f"b+token{number}@bounce.outreach.example",
        recipient=to,
        wire=wire_bytes if wire_bytes is not None else wire(to),
    )


def envelopes(count: int) -> list[Envelope]:
    return [envelope(number) for number in range(1, count + 1)]
