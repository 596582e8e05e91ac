"""The post on loopback: a real SMTP server that takes our mail, and people who read it with other parsers."""

import email
import email.policy
import hashlib
import mailbox
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.servers.scripted import closed_port


@dataclass(frozen=True)
class Arrived:
    """One mail in somebody's hands, read by the standard library's parser and by html5lib."""

    sender: str
    """Of the envelope."""

    recipient: str
    wire: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.wire, policy=email.policy.default)

    def header(self, name: str) -> str:
        return str(self.message.get(name, ""))

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        words: str = part.get_content()
        return words

    @property
    def pictures(self) -> list[str]:
        tree = html5lib.parse(self.html, namespaceHTMLElements=False)
        return [image.get("src") or "" for image in tree.iter("img")]

    def link(self, path: str) -> str:
        """The one link in the HTML part whose path begins so."""
        tree = html5lib.parse(self.html, namespaceHTMLElements=False)
        found = {
            anchor.get("href") or ""
            for anchor in tree.iter("a")
            if urlsplit(anchor.get("href") or "").path.startswith(path)
        }
        assert len(found) == 1, f"{len(found)} links lead to {path}"
        return found.pop()

    @property
    def one_click(self) -> str:
        """The address behind the mail program's own unsubscribe button (RFC 8058)."""
        assert self.header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        found = re.search(r"<(https?://[^>]+)>", self.header("List-Unsubscribe"))
        assert found is not None
        return found[1]

    def answer(self, body: str, *, sender: str = "") -> EmailMessage:
        """What the recipient's mail program makes of "answer"."""
        reply = EmailMessage()
        reply["From"] = sender or self.header("To")
        reply["To"] = self.header("Reply-To")
        reply["Subject"] = f"Re: {self.header('Subject')}"
        reply["Message-ID"] = f"<{hashlib.sha256(self.wire + body.encode()).hexdigest()[:20]}@mail.example>"
        reply["In-Reply-To"] = self.header("Message-ID")
        reply["References"] = f"{self.header('References')} {self.header('Message-ID')}".strip()
        quoted = "\n".join(f"> {line}" for line in self.text.splitlines())
        reply.set_content(f"{body}\n\nOp ma 2 mrt 2099 schreef {self.header('From')}:\n{quoted}\n")
        return reply


class Post:
    """An SMTP server that keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[Arrived] = []
        self._lock = threading.Lock()
        self.port = closed_port()

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Called by aiosmtpd, by position."""

        assert isinstance(envelope.content, bytes)
        with self._lock:
            self.taken += [
                Arrived(envelope.mail_from or "", recipient, envelope.content)
                for recipient in envelope.rcpt_tos
            ]
        return "250 2.0.0 taken"

    def to(self, recipient: str) -> list[Arrived]:
        with self._lock:
            return [one for one in self.taken if one.recipient.lower() == recipient.lower()]


@contextmanager
def post_office() -> Iterator[Post]:
    post = Post()
    controller = Controller(post, hostname="127.0.0.1", port=post.port)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


def deliver(folder: Path, message: EmailMessage) -> None:
    """As a mail server lays a mail into somebody's Maildir."""
    box = mailbox.Maildir(folder)
    box.add(message.as_bytes(policy=email.policy.SMTP))
