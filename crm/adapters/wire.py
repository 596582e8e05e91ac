"""What every mailer does alike: refuse an envelope that cannot go, keep people out of a provider's words."""

import re
from collections.abc import Sequence

from crm.delivery.ports import BATCH_LIMIT, Envelope, Rejected

LINE_LIMIT = 998  # octets without CRLF, RFC 5322 §2.1.1
_ADDRESS = re.compile(r"[!#$%&'*+/=?^_`{|}~A-Za-z0-9.-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)
_PUBLIC_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SOMEONE = re.compile(r"<?[^\s<>\"',;()]*(?:@|%40|=40)[^\s<>\"',;()]*>?", re.IGNORECASE)
_ADDRESS_LITERAL = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?i:[0-9a-f]{0,4}:[0-9a-f:]*:[0-9a-f]{0,4})")
_LINK = re.compile(r"https?:\S+", re.IGNORECASE)
_DETAIL_LIMIT = 200


def check_batch(batch: Sequence[Envelope]) -> None:
    """Hold a worker to so many messages in doubt at once.

    Raises:
        ValueError: more than ten.
    """
    if len(batch) > BATCH_LIMIT:
        raise ValueError(f"A batch holds at most {BATCH_LIMIT} messages.")


def fault_of(envelope: Envelope) -> Rejected | None:
    """What makes an envelope impossible to hand over, before anybody is asked; None when it is sound.

    A stray carriage return or line feed is refused, not mended: some servers end a message at one, and what
    follows would be a message of somebody else's making.
    """
    wire = envelope.wire
    lines = wire.split(b"\r\n")
    faults = {
        "The public id has other characters than letters, digits, _ and -.": not _PUBLIC_ID.fullmatch(
            envelope.public_id
        ),
        "The sender is not a plain address.": not _ADDRESS.fullmatch(envelope.sender),
        "The recipient is not a plain address.": not _ADDRESS.fullmatch(envelope.recipient),
        "The message is not 7 bit.": not wire.isascii() or b"\0" in wire,
        "The message has a line end that is not CRLF.": not (
            len(lines) - 1 == wire.count(b"\n") == wire.count(b"\r") and not lines[-1]
        ),
        "The message has a line over 998 octets.": max(map(len, lines)) > LINE_LIMIT,
    }
    return next((Rejected("malformed", fault) for fault, found in faults.items() if found), None)


def masked(text: str, envelope: Envelope) -> str:
    """A provider's words without the person in them, on one line, at most 200 characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    text = _ADDRESS_LITERAL.sub("<ip>", _LINK.sub("<link>", _SOMEONE.sub("<address>", text)))
    local, _, domain = envelope.recipient.rpartition("@")
    for part in (local, domain):
        text = re.sub(rf"(?<![\w.]){re.escape(part)}(?![\w])", "<address>", text, flags=re.IGNORECASE)
    return text[:_DETAIL_LIMIT]
