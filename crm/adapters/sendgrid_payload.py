"""A finished message as SendGrid's Mail Send request: same words, headers and recipient, nothing measured.

SendGrid writes the message anew from these fields, so the envelope sender and the Date are its own.
"""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

from crm.delivery.ports import Envelope
from crm.kernel.text import one_line

# What SendGrid builds itself or refuses as a free header (its OpenAPI document, "headers").
_ITS_OWN = {
    "bcc", "cc", "content-transfer-encoding", "content-type", "date", "dkim-signature", "from",
    "mime-version", "received", "reply-to", "return-path", "sender", "subject", "to", "x-sg-eid", "x-sg-id",
}  # fmt: skip
_POLICY = default.clone(max_line_length=998)

_NOTHING_MEASURED = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}


class NotAPayloadError(ValueError):
    """The message has no text, no sender, or a header that cannot be carried."""


def payload(envelope: Envelope) -> dict[str, object]:
    """The request's body. One personalization, one recipient, found again by `crm_message_id`.

    Raises:
        NotAPayloadError: SendGrid could not send this message as it is.
    """
    message = BytesParser(EmailMessage, policy=_POLICY).parsebytes(envelope.wire)
    request: dict[str, object] = {
        "personalizations": [
            {
                "to": [{"email": envelope.recipient}],
                "headers": _free_headers(message),
                "custom_args": {"crm_message_id": envelope.public_id},
            }
        ],
        "from": _party(message, "From"),
        "subject": one_line(str(message.get("Subject", ""))),
        "content": _content(message),
        "tracking_settings": _NOTHING_MEASURED,
    }
    if "Reply-To" in message:
        request["reply_to"] = _party(message, "Reply-To")
    return request


def _party(message: EmailMessage, header: str) -> dict[str, str]:
    """One address with its name; SendGrid takes no comma or semicolon in names."""
    addresses: list[Any] = list(getattr(message.get(header), "addresses", ()))
    if len(addresses) != 1 or not addresses[0].domain:
        raise NotAPayloadError(f"The header {header} does not hold one address.")
    name = one_line(addresses[0].display_name).replace(",", " ").replace(";", " ")
    party = {"email": addresses[0].addr_spec}
    return {**party, "name": name} if name.strip() else party


def _free_headers(message: EmailMessage) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, raw in message.raw_items():
        if name.lower() in _ITS_OWN:
            continue
        value = " ".join(str(raw).split())
        if name in headers or not value.isascii() or not value.isprintable():
            raise NotAPayloadError(f"The header {name[:40]} is there twice or not plain ASCII.")
        headers[name] = value
    return headers


def _content(message: EmailMessage) -> list[dict[str, str]]:
    """Text first, then HTML, as the API wants them."""
    found = []
    for subtype in ("plain", "html"):
        part = message.get_body((subtype,))
        if isinstance(part, EmailMessage):
            found.append({"type": f"text/{subtype}", "value": part.get_content().replace("\r\n", "\n")})
    if not found:
        raise NotAPayloadError("The message has no text.")
    return found
