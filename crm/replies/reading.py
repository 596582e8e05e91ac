"""Inbound mail made readable. Whatever comes in, something comes out: a mail is never lost to a parser."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from email.utils import parsedate_tz
from typing import Final

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.kernel.text import one_line
from crm.replies.parts import Parts, parts_of
from crm.replies.quotes import NewText, new_text

MOST_BYTES: Final = 4 * 1024 * 1024
"""Longer mails are read this far."""

MOST_HEADER_BYTES: Final = 128 * 1024
"""Of a mail's own headers; servers allow less. Parsing them takes the square of their number."""

HEAD_BYTES: Final = 12_288
"""The library for bounces takes the square of a body's length, so it gets no more than this."""

MOST_LINES: Final = 60_000
MOST_BOUNDARIES: Final = 1_000

UNREADABLE: Final = (
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    OverflowError,
)
"""What the library's parser is known to raise on hostile mail."""

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,990})>")
_ANGLE: Final = re.compile(r"<([^<>@\s]{1,320}@[^<>@\s]{1,255})>")
_BARE: Final = re.compile(r"[^\s<>,;:\"()]{1,320}@[^\s<>,;:\"()@]{1,255}")
_MOST_REFERENCES: Final = 100
_LONGEST_HEADER: Final = 10_000  # characters of one header that are decoded


@dataclass(frozen=True, slots=True)
class ReadMail:
    """One inbound mail. Absent fields are empty, never missing."""

    headers: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Raw values by lower-case name, in order; without control characters, which no database keeps."""

    subject: str = field(repr=False)
    sender: EmailAddress | None = field(repr=False)
    has_null_sender: bool
    """The envelope sender is `<>`: nobody wants an answer (RFC 5321 4.5.5)."""

    sent_on: date | None
    """The day of the Date header, in the sender's zone."""

    message_id: str
    """Without its brackets, as the next four."""

    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    parts: Parts = field(repr=False)
    body: NewText = field(repr=False)
    head: Message = field(repr=False)
    """The first `HEAD_BYTES` of the mail, parsed: bounces say what they have to say there."""

    broken: tuple[str, ...]
    """Which parts could not be read, as codes; empty for a sound mail."""

    @property
    def text(self) -> str:
        """What they wrote, without quotes, signature and our own words."""
        return self.body.text

    @property
    def answers(self) -> tuple[str, ...]:
        """Message-IDs this mail may answer, best first: In-Reply-To, then References from the end."""
        return tuple(dict.fromkeys((*self.in_reply_to, *reversed(self.references))))

    def first(self, name: str) -> str:
        """The first value of a header (lower-case name), on one line; empty when there is none."""
        values = self.headers.get(name, ())
        return one_line(values[0]) if values else ""


def read(raw: bytes) -> ReadMail:
    """Read a mail as it came in. Never raises; what could not be read is named in `broken`."""
    whole = _bounded(raw)
    message, broken = _parsed(whole)
    if whole is not raw:
        broken.append("too_long")
    headers = _headers(message)
    try:
        parts = parts_of(message)
    except UNREADABLE:
        parts = Parts()
        broken.append("parts")
    broken += parts.broken
    senders = headers.get("from", ()) or headers.get("sender", ())
    if len(headers.get("from", ())) > 1:
        broken.append("senders")
    return ReadMail(
        headers=headers,
        subject=one_line(decoded(headers.get("subject", ("",))[0]))[:998],
        sender=address_in(decoded(senders[0])) if senders else None,
        has_null_sender=any(value.strip() == "<>" for value in headers.get("return-path", ())),
        sent_on=_day(headers.get("date", ("",))[0]),
        message_id=next(iter(_ids(headers, "message-id")), ""),
        in_reply_to=_ids(headers, "in-reply-to"),
        references=_ids(headers, "references"),
        parts=parts,
        body=new_text(parts.text),
        head=message if len(raw) <= HEAD_BYTES else _parsed(raw[:HEAD_BYTES])[0],
        broken=tuple(dict.fromkeys(broken)),
    )


def read_headers(raw: bytes) -> ReadMail:
    """As `read`, of the mail's own headers alone: whose it is may stand there even if the rest is deadly."""
    return read(raw[: _end_of_headers(raw)])


def _bounded(raw: bytes) -> bytes:
    """The mail itself, or as much of one as the library's parser takes in well under a second."""
    whole = _with_less_headers(raw)
    for mark, most in ((b"\n--", MOST_BOUNDARIES), (b"\n", MOST_LINES)):
        if whole.count(mark) > most:
            whole = mark.join(whole.split(mark, most)[:most])
    return whole


def _with_less_headers(raw: bytes) -> bytes:
    """A mail whose headers end where they become absurd."""
    raw = raw if len(raw) <= MOST_BYTES else raw[:MOST_BYTES]
    end = _end_of_headers(raw)
    if end <= MOST_HEADER_BYTES:
        return raw
    last = raw.rfind(b"\n", 0, MOST_HEADER_BYTES) + 1
    return raw[:last] + raw[end:]


def _end_of_headers(raw: bytes) -> int:
    ends = [at for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    return min(ends, default=len(raw))


def decoded(value: str) -> str:
    """A header with its encoded words (RFC 2047) read; what cannot be read stays as it is."""
    if "=?" not in value:
        return value
    try:
        pieces = decode_header(value[:_LONGEST_HEADER])
    except (HeaderParseError, *UNREADABLE):
        return value
    return "".join(_piece(text, charset) for text, charset in pieces)


def _piece(text: bytes | str, charset: str | None) -> str:
    if isinstance(text, str):
        return text
    for name in (charset, "utf-8", "cp1252", "latin-1"):
        try:
            return text.decode(name or "ascii")
        except (LookupError, UnicodeError, ValueError):
            continue
    return ""


def _parsed(raw: bytes) -> tuple[Message, list[str]]:
    try:
        return BytesParser(policy=compat32).parsebytes(raw), []
    except UNREADABLE:
        pass
    try:
        return BytesHeaderParser(policy=compat32).parsebytes(raw), ["structure"]
    except UNREADABLE:
        return Message(), ["structure", "headers"]


def _headers(message: Message) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items():
        found.setdefault(name.lower(), []).append(_CONTROL.sub("", _unescaped(str(value))))
    return {name: tuple(values) for name, values in found.items()}


def _unescaped(value: str) -> str:
    """A header as its sender typed it: many programs leave theirs unencoded."""
    if value.isascii():
        return value
    content = value.encode("utf-8", "surrogateescape")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _ids(headers: Mapping[str, tuple[str, ...]], name: str) -> tuple[str, ...]:
    joined = " ".join(headers.get(name, ()))[-100_000:]
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(joined)))[-_MOST_REFERENCES:]


def address_in(value: str) -> EmailAddress | None:
    """The mailbox a header names. In `a@evil.example <b@good.example>` that is the one in brackets."""
    angle = _ANGLE.findall(value[-2_000:])
    bare = angle or _BARE.findall(value[:2_000])
    try:
        return EmailAddress.parse(bare[-1]) if bare else None
    except InvalidAddressError:
        return None


def _day(value: str) -> date | None:
    try:
        found = parsedate_tz(value[:200])
        return date(*found[:3]) if found else None
    except UNREADABLE:
        return None
