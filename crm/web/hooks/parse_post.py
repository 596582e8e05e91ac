"""SendGrid's Inbound Parse in raw mode: the mail in a posted form, to the byte.

Flask's own reading of forms decodes text and refuses large fields, so the bytes are taken apart here.
"""

import json
import re
from typing import Final

from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

_MOST_PARTS: Final = 1000
_PATH: Final = re.compile(r"[!-~]{1,320}", re.ASCII)
_WANTED: Final = frozenset({"email", "envelope"})


class UnreadableMailError(Exception):
    """The post holds no mail that could be kept as it came; says why, in a word for our log."""


def posted_mail(content_type: str, body: bytes) -> bytes:
    """The mail, with the envelope it travelled in as the headers that a last server writes (RFC 5321 §4.4).

    Raises:
        UnreadableMailError: it is cut off, no form, or has no field `email` (raw mode is switched off).
    """
    fields = _fields(content_type, body)
    raw = fields.get("email", b"")
    if not raw.strip():
        raise UnreadableMailError("no_email_field")
    return _trace(fields.get("envelope", b"")) + raw


def _fields(content_type: str, body: bytes) -> dict[str, bytes]:
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not boundary:
        raise UnreadableMailError("no_form")
    found: dict[str, bytes] = {}
    try:
        decoder = MultipartDecoder(boundary.encode("latin-1"), max_parts=_MOST_PARTS)
        decoder.receive_data(body)
        decoder.receive_data(None)
        name, pieces = "", list[bytes]()
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                name, pieces = event.name or "", []
            elif isinstance(event, Data):
                pieces.append(event.data)
                if not event.more_data and name in _WANTED:
                    found.setdefault(name, b"".join(pieces))
    except (ValueError, HTTPException):
        raise UnreadableMailError("broken_form") from None
    return found


def _trace(envelope: bytes) -> bytes:
    """`{"to": ["…"], "from": "…"}`; what is not an address by its looks is left out."""
    try:
        said = json.loads(envelope)
        recipients = [one for one in said["to"] if _PATH.fullmatch(one)]
        sender = said.get("from") or ""
        lines = [f"Return-Path: <{sender}>"] if not sender or _PATH.fullmatch(sender) else []
    except (ValueError, LookupError, TypeError, AttributeError):
        return b""
    lines += [f"Delivered-To: {one}" for one in recipients]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
