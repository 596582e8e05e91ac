"""Which of our messages a mail belongs to, by the token in the address it was sent to."""

import enum
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from crm.replies.reading import ReadMail, decoded


class TokenKind(enum.StrEnum):
    """The address a token stood in."""

    REPLY = "reply"
    """`r+…`: an answer to a message."""

    BOUNCE = "bounce"
    """`b+…`: the envelope sender of a message."""

    UNSUBSCRIBE = "unsubscribe"
    """`u+…`: the `mailto:` of List-Unsubscribe. Mail to it is a no, whatever it says."""


class Token(NamedTuple):
    """One token, not verified: only the ring of keys can say whether it is ours."""

    kind: TokenKind
    text: str
    """Lower case: the tokens are base32, and gateways change case."""


# Where forwarding and list software leave the address a mail was really sent to.
_HEADERS: Final = (
    "to", "delivered-to", "x-original-to", "original-recipient", "envelope-to", "x-envelope-to", "x-rcpt-to",
    "x-forwarded-to", "resent-to", "cc", "apparently-to",
)  # fmt: skip
_KINDS: Final = {"r": TokenKind.REPLY, "b": TokenKind.BOUNCE, "u": TokenKind.UNSUBSCRIBE}
# A gateway may write `prvs=…=b+…`, `SRS0=…=b+…` or the plus as %2B.
_TOKEN: Final = re.compile(r"(?<![a-z0-9.+_-])([rbu])(?:\+|%2b)([a-z2-7]{16,255})@", re.IGNORECASE)
_ENVELOPE_ID: Final = re.compile(r"[a-z2-7]{16,64}")
_LONGEST: Final = 10_000  # characters of a header


def find(mail: ReadMail) -> tuple[Token, ...]:
    """All tokens of the mail's own recipients, in the order in which the headers are to be trusted.

    Addresses inside a returned mail do not count: its List-Unsubscribe was not pressed by anybody.
    """
    return tokens_in(decoded(value) for name in _HEADERS for value in mail.headers.get(name, ()))


def tokens_in(values: Iterable[str]) -> tuple[Token, ...]:
    """All tokens of these headers, each once."""
    found = (match for value in values for match in _TOKEN.finditer(value[:_LONGEST]))
    return tuple(dict.fromkeys(Token(_KINDS[match[1].lower()], match[2].lower()) for match in found))


def envelope_id(mail: ReadMail) -> str:
    """Our name for the mail that a report is about, as its envelope carried it (RFC 3464 §2.2.1)."""
    names = (block.get("original-envelope-id", "") for block in mail.parts.blocks)
    return next((name for name in names if _ENVELOPE_ID.fullmatch(name)), "")


def returned(mail: ReadMail) -> tuple[str, ...]:
    """Message-IDs of the mail that came back: how a bounce without a token is matched."""
    value = mail.parts.returned.get("message-id", "")
    return tuple(re.findall(r"<([^<>\s]{1,990})>", value[:_LONGEST]))
