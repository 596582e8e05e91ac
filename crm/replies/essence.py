"""What makes two mails the same one, whatever servers wrote in front of it on its way."""

import hashlib
import re
from typing import Final

# What its writer's program put there; not Received, Delivered-To and whatever else a copy gets.
_OF_THE_WRITER: Final = frozenset(
    {
        b"from",
        b"to",
        b"cc",
        b"date",
        b"subject",
        b"message-id",
        b"in-reply-to",
        b"references",
        b"content-type",
    }
)
_LONGEST_HEAD: Final = 256 * 1024  # bytes; whoever sends more headers wants to keep us busy
_FIELD: Final = re.compile(rb"^([!-9;-~]+)[ \t]*:(.*(?:\n[ \t].*)*)", re.MULTILINE)


def essence(raw: bytes) -> str | None:
    """SHA-256 in hex over the writer's own headers and the body; None without Message-ID, or if all is head.

    Not the Message-ID alone: whoever has seen one could use it up before the true mail comes. Line ends count
    for nothing, because a Maildir and an IMAP server have others.
    """
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    if len(head) > _LONGEST_HEAD:
        return None
    fields = [(match[1].lower(), b" ".join(match[2].split())) for match in _FIELD.finditer(head)]
    own = sorted(field for field in fields if field[0] in _OF_THE_WRITER)
    if not any(name == b"message-id" and value for name, value in own):
        return None
    digest = hashlib.sha256(b"\n".join(b"%b:%b" % field for field in own))
    digest.update(b"\n\n" + body.rstrip(b"\n"))
    return digest.hexdigest()
