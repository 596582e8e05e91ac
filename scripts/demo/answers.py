"""The mails that come back: answers of people, absence notices, and reports of failed delivery."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any, Final

from crm.kernel.addresses import EmailAddress
from scripts.demo.cast import HERE, Person, cast
from scripts.demo.chance import pick, share
from scripts.demo.letter import Letter

_POLICY: Final = policy.SMTP
_WHY: Final = {
    "5.1.1": ("failed", "smtp; 550 5.1.1 User unknown", "The mailbox does not exist."),
    "4.2.2": ("failed", "smtp; 452 4.2.2 Mailbox full", "The mailbox is full."),
}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes back."""

    seed: int
    letter: Letter
    now: datetime

    @property
    def person(self) -> Person | None:
        """The one of the cast; None for somebody a visitor brought in."""
        return known(self.seed).get(self.letter.recipient)

    @property
    def name(self) -> str:
        """As it stands before their address."""
        if self.person and self.person.name:
            return self.person.name
        if self.person:
            return self.person.shop.name
        return self.letter.recipient.partition("@")[0].replace(".", " ").title()

    @property
    def domain(self) -> str:
        """Of their mail."""
        return self.letter.recipient.rpartition("@")[2]


@cache
def known(seed: int) -> Mapping[str, Person]:
    """The cast by address, as it stands in mail."""
    return {str(EmailAddress.parse(person.address)): person for person in cast(seed)}


def reply(writer: Writer, kind: str) -> bytes:
    """A person's answer: their words, their signature, our letter quoted below."""
    letter, words = writer.letter, _words(writer.letter.language)
    first = parseaddr(letter.sender)[0].partition(" ")[0]
    said = pick(words[kind], writer.seed, letter.recipient, kind).format(first=first)
    role = f"\n{writer.person.role}" if writer.person and writer.person.role else ""
    firm = f"\n{writer.person.shop.name}" if writer.person and writer.person.name else ""
    quoted = words["quoted"].format(date=f"{letter.sent_at:%d-%m-%Y %H:%M}", sender=letter.sender)
    below = "\n".join(f"> {line}" for line in letter.text.splitlines())
    message = _message(writer, letter.reply_to, words["subject"])
    message["In-Reply-To"] = letter.message_id
    message["References"] = " ".join([*(f"<{one}>" for one in letter.references), letter.message_id])
    message.set_content(f"{said}\n\n{words['closing']}\n{writer.name}{role}{firm}\n\n{quoted}\n{below}\n")
    return _delivered(message, letter.reply_to, letter.recipient)


def away(writer: Writer) -> bytes:
    """An absence notice: to the envelope's sender, and marked as automatic (RFC 3834)."""
    letter, words = writer.letter, _words(writer.letter.language)
    days = 3 + int(share(writer.seed, letter.recipient, "away") * 9)
    until = f"{writer.now + timedelta(days=days):%d-%m-%Y}"
    message = _message(writer, letter.envelope, words["away_subject"])
    message["In-Reply-To"] = letter.message_id
    message["Auto-Submitted"] = "auto-replied"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(words["away"].format(until=until) + f"\n\n{words['closing']}\n{writer.name}\n")
    return _delivered(message, letter.envelope, "")


def bounce(writer: Writer, code: str) -> bytes:
    """A delivery report to the envelope's sender (RFC 3464), from nobody."""
    letter, host = writer.letter, f"mx.{writer.domain}"
    action, diagnostic, said = _WHY[code]
    boundary = f"=_report_{letter.key[:20]}"
    lines = [
        "Return-Path: <>",
        f"Delivered-To: {letter.envelope}",
        f"From: Mail Delivery System <MAILER-DAEMON@{host}>",
        f"To: {letter.envelope}",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(writer.now)}",
        f"Message-ID: <{letter.key}.bounce@{host}>",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"This is the mail system at {host}. Your message could not be delivered.",
        "",
        f"<{letter.recipient}>: {said}",
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {host}",
        f"Arrival-Date: {format_datetime(letter.sent_at)}",
        "",
        f"Final-Recipient: rfc822; {letter.recipient}",
        f"Action: {action}",
        f"Status: {code}",
        f"Diagnostic-Code: {diagnostic}",
        "",
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        f"Message-ID: {letter.message_id}",
        f"To: <{letter.recipient}>",
        "",
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


@cache
def _all_words() -> dict[str, Any]:
    return tomllib.loads((HERE / "answers.toml").read_text("utf-8"))


def _words(language: str) -> dict[str, Any]:
    return dict(_all_words().get(language) or _all_words()["en"])


def _message(writer: Writer, to: str, subject: str) -> EmailMessage:
    message = EmailMessage(_POLICY)
    message["From"] = f'"{writer.name}" <{writer.letter.recipient}>'
    message["To"] = to
    message["Subject"] = subject.format(subject=writer.letter.subject.removeprefix("Re: "))
    message["Date"] = format_datetime(writer.now)
    message["Message-ID"] = f"<{writer.letter.key}.{int(writer.now.timestamp())}@{writer.domain}>"
    return message


def _delivered(message: EmailMessage, to: str, envelope: str) -> bytes:
    """As our mail server leaves it: with the trace headers in front."""
    address = parseaddr(to)[1]
    return f"Return-Path: <{envelope}>\r\nDelivered-To: {address}\r\n".encode("ascii") + message.as_bytes()
