"""What comes back by mail, byte for byte as mail programs write it."""

import re
from datetime import datetime
from email.utils import format_datetime

from tests.simulation.history import HandOver

_HEADER = re.compile(
    rb"^(Reply-To|Message-ID): *(?:<|[^<\r\n]*<)?([^>\r\n]+)>?", re.MULTILINE | re.IGNORECASE
)


_SAID = {"5.1.1": "550 5.1.1 no such user", "4.2.2": "452 4.2.2 mailbox full"}


def headers_of(mail: HandOver) -> dict[str, str]:
    """Reply-To and Message-ID of one of ours."""
    head = mail.wire.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ")
    return {name.decode().lower(): value.decode() for name, value in _HEADER.findall(head)}


def answer(mail: HandOver, words: str, *, at: datetime, number: int, subject: str = "Re: foto's") -> bytes:
    """A person writes back."""
    ours = headers_of(mail)
    return _written(
        f"From: <{mail.recipient}>",
        f"To: <{ours['reply-to']}>",
        f"Subject: {subject}",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <antwoord{number}@{mail.recipient.rpartition('@')[2]}>",
        f"In-Reply-To: <{ours['message-id']}>",
        "Content-Type: text/plain; charset=utf-8",
        "",
        words,
    )


def away(mail: HandOver, *, at: datetime, number: int) -> bytes:
    """A machine says that they are away."""
    raw = answer(
        mail, "Ik ben momenteel afwezig en lees mijn mail niet.", at=at, number=number, subject="Afwezig"
    )
    return raw.replace(b"\r\nContent-Type", b"\r\nAuto-Submitted: auto-replied\r\nContent-Type", 1)


def bounce(mail: HandOver, sender: str, code: str, *, at: datetime, number: int) -> bytes:
    """A delivery report to the envelope's sender (RFC 3464)."""
    host = f"mx.{mail.recipient.rpartition('@')[2]}"
    mark = f"=_{number}"
    return _written(
        "Return-Path: <>",
        f"From: Mail Delivery System <MAILER-DAEMON@{host}>",
        f"To: <{sender}>",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(at)}",
        f"Message-ID: <bounce{number}@{host}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{mark}"',
        "",
        f"--{mark}",
        "Content-Type: text/plain",
        "",
        "Your message could not be delivered.",
        f"--{mark}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {host}",
        "",
        f"Final-Recipient: rfc822; {mail.recipient}",
        "Action: failed",
        f"Status: {code}",
        f"Diagnostic-Code: smtp; {_SAID[code]}",
        "",
        f"--{mark}--",
        "",
    )


def _written(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()
