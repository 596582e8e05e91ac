"""A mail of ours as its recipient's program sees it: read from the Maildir, and from nothing else."""

import email
import email.policy
import html
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlsplit

_HREF: Final = re.compile(r'<a\s[^>]*href="([^"]+)"')
_PICTURE: Final = re.compile(r'<img\s[^>]*src="([^"]+)"')
_LANGUAGE: Final = re.compile(r'<html\s[^>]*lang="([a-z]{2})"')
_BRACKETED: Final = re.compile(r"<([^<>\s]+)>")
_LOOPBACK: Final = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail that arrived."""

    key: str
    """Its name in the Maildir."""

    recipient: str
    number: int
    """The how manieth mail to this mailbox, counted from 1."""

    sent_at: datetime
    """Its Date, on the calendar."""

    language: str
    sender: str
    """The From header: whom a reply quotes."""

    envelope: str
    """Where bounces go."""

    reply_to: str
    subject: str
    message_id: str
    references: tuple[str, ...]
    text: str
    pixel: str
    one_click: str
    """Address of the unsubscribe button; empty when there is none."""

    start: str
    """Address of the sign-up page; empty when there is none."""

    links: tuple[str, ...]
    """Every web address in it that leads to this machine."""

    @property
    def answers_them(self) -> bool:
        """It is a colleague's answer to a mail of theirs."""
        domain = self.recipient.rpartition("@")[2]
        return any(one.endswith(f"@{domain}") for one in self.references[-1:])


def read_letter(key: str, raw: bytes, *, number: int) -> Letter:
    """Read one. Raises ValueError or KeyError when it is no mail of ours."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    markup, text = _part(message, "html"), _part(message, "plain")
    links = [html.unescape(link) for link in _HREF.findall(markup)]
    pictures = [html.unescape(link) for link in _PICTURE.findall(markup)]
    buttons = [link for link in _bracketed(message, "List-Unsubscribe") if link.startswith("http")]
    found = _LANGUAGE.search(markup)
    recipient = str(message["Delivered-To"]).strip()
    if "@" not in recipient:
        raise ValueError("a mail to nobody")
    return Letter(
        key=key,
        recipient=recipient,
        number=number,
        sent_at=message["Date"].datetime.astimezone(UTC),
        language=found[1] if found else "en",
        sender=str(message["From"]),
        envelope="".join(_bracketed(message, "Return-Path")[:1]),
        reply_to=str(message["Reply-To"] or message["From"]),
        subject=str(message["Subject"]),
        message_id=str(message["Message-ID"]).strip(),
        references=tuple(_bracketed(message, "References")),
        text=text,
        pixel=next((link for link in pictures if is_here(link)), ""),
        one_click=buttons[0] if buttons and message["List-Unsubscribe-Post"] else "",
        start=next((link for link in links if "/start/" in urlsplit(link).path), ""),
        links=tuple(dict.fromkeys(link for link in (*links, *pictures, *buttons) if is_here(link))),
    )


def is_here(link: str) -> bool:
    """Tell whether a web address leads to this machine: the demo's people visit no other."""
    parts = urlsplit(link)
    return parts.scheme == "http" and _LOOPBACK.fullmatch(parts.netloc) is not None


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""


def _bracketed(message: EmailMessage, header: str) -> list[str]:
    return _BRACKETED.findall("".join(str(message.get(header, "")).split("\r\n")))
