"""The parts of a mail: its text, its reports, and the headers of the mail it returns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from itertools import islice
from typing import Final

from crm.replies.html_text import text_of_html

MOST_PARTS: Final = 200
MOST_TEXT: Final = 100_000  # characters of one part that are looked at

_REPORTS: Final = ("delivery-status", "feedback-report", "disposition-notification")
_DECODING: Final = (LookupError, ValueError, TypeError, AttributeError, AssertionError)

Fields = Mapping[str, str]
"""A block of header fields by lower-case name; the first of each."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a mail consists of."""

    text: str = ""
    """The plain text, else the HTML part as text with its quotes marked by `>`."""

    report: str = ""
    """Which machine-readable report it is: delivery-status, feedback-report, disposition-notification."""

    blocks: tuple[Fields, ...] = ()
    """The report's blocks: of a delivery status the message's first, then one a recipient (RFC 3464)."""

    returned: Fields = field(default_factory=dict)
    """Headers of the mail that came back."""

    has_attachments: bool = False
    broken: tuple[str, ...] = ()


def parts_of(message: Message) -> Parts:
    """Take a mail apart."""
    plain, html, report = "", "", ""
    blocks: tuple[Fields, ...] = ()
    returned: Fields = {}
    attached = False
    broken: list[str] = []
    for part, is_inside in islice(_walk(message), MOST_PARTS):
        kind = part.get_content_type()
        main, _, subtype = kind.partition("/")
        if main == "message" and subtype in _REPORTS:
            report, blocks = subtype, _blocks(part)
        elif kind in {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}:
            returned = returned or _returned(part)
        elif is_inside or part.is_multipart():
            continue
        elif _is_attachment(part):
            attached = True
        elif kind == "text/html":
            html = html or _text(part, broken)
        elif main == "text":
            plain = plain or _text(part, broken)
        else:
            attached = True
    text = plain if plain.strip() else text_of_html(html)
    return Parts(text[:MOST_TEXT], report, blocks, returned, attached, tuple(broken))


def _walk(message: Message) -> Iterator[tuple[Message, bool]]:
    """Every part, and whether it lies inside a mail that is attached or returned."""
    waiting = [(message, False)]
    while waiting:
        part, is_inside = waiting.pop(0)
        yield part, is_inside
        children = part.get_payload() if part.is_multipart() else []
        encloses = is_inside or part.get_content_maintype() == "message"
        waiting[:0] = [(child, encloses) for child in children if isinstance(child, Message)]


def _is_attachment(part: Message) -> bool:
    disposition = str(part.get("content-disposition", "")).strip().lower()
    return disposition.startswith("attachment") or bool(part.get_filename())


def _text(part: Message, broken: list[str]) -> str:
    """The part's text; a wrong name of a charset does not lose it."""
    try:
        payload = part.get_payload(decode=True)
    except _DECODING:
        broken.append("encoding")
        return ""
    if not isinstance(payload, bytes):
        return ""
    charset = str(part.get_param("charset", "") or "utf-8")
    for name in (charset, "utf-8", "cp1252"):
        try:
            text = payload.decode(name)
        except (LookupError, ValueError):
            broken.append("charset")
            continue
        return text
    return payload.decode("latin-1")


def _blocks(part: Message) -> tuple[Fields, ...]:
    """The fields of a report; some senders leave out the blank lines, some encode the part."""
    children = part.get_payload()
    found = [child for child in children if isinstance(child, Message)] if isinstance(children, list) else []
    if not found:
        text = children if isinstance(children, str) else ""
        found = [HeaderParser().parsestr(block) for block in text.split("\n\n") if block.strip()]
    return tuple(_fields(block) for block in found[:MOST_PARTS])


def _returned(part: Message) -> Fields:
    payload = part.get_payload()
    if isinstance(payload, list):
        return _fields(payload[0]) if payload and isinstance(payload[0], Message) else {}
    decoded = part.get_payload(decode=True)
    text = decoded.decode("utf-8", "replace") if isinstance(decoded, bytes) else str(payload)
    return _fields(HeaderParser().parsestr(text[:MOST_TEXT]))


def _fields(block: Message) -> Fields:
    fields: dict[str, str] = {}
    for name, value in block.items():
        fields.setdefault(name.lower(), str(value).strip())
    return fields
