"""Every mailer there is, each with a look at what really arrived: what the suites of this folder run on."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Session
from aiosmtpd.smtp import Envelope as Received

from crm.adapters.mailbox import MailboxMailer
from crm.adapters.mailbox_viewer import MaildirViewer
from crm.adapters.sendgrid import SendGridMailer
from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.delivery.ports import Mailer
from tests.fakes import MemoryMailer
from tests.servers import http
from tests.servers.scripted import closed_port
from tests.servers.smtp import SmtpServer
from tests.servers.tls import Tls


@dataclass(frozen=True)
class Letter:
    """What a recipient would say arrived."""

    recipient: str
    subject: str
    text: str
    unsubscribe: str


@dataclass
class Post:
    """A mailer, and what it delivered."""

    mailer: Mailer
    arrived: Callable[[], list[Letter]]


def letter(recipient: str, wire: bytes) -> Letter:
    message = BytesParser(EmailMessage, policy=default).parsebytes(wire)
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    text = body.get_content().replace("\r\n", "\n")
    return Letter(recipient, message["Subject"], text, message["List-Unsubscribe"])


@contextlib.contextmanager
def memory(folder: Path, tls: Tls) -> Iterator[Post]:
    mailer = MemoryMailer()
    yield Post(mailer, lambda: [letter(one.recipient, one.wire) for one in mailer.sent])


@contextlib.contextmanager
def mailbox(folder: Path, tls: Tls) -> Iterator[Post]:
    viewer = MaildirViewer(folder)

    def arrived() -> list[Letter]:
        mails = reversed(viewer.newest(limit=1000))
        return [letter(mail.recipient, viewer.read(mail.key) or b"") for mail in mails]

    yield Post(MailboxMailer(folder), arrived)


@contextlib.contextmanager
def _smtp(server: SmtpServer, tls: Tls, mode: TlsMode) -> Iterator[Post]:
    with server:
        relay = Relay("127.0.0.1", server.port, mode)
        if server.login is not None:
            relay = Relay("127.0.0.1", server.port, mode, *server.login)
        mailer = SmtpMailer(relay, context=tls.client)
        yield Post(mailer, lambda: [letter(one.recipient, one.wire) for one in server.taken])
        mailer.close()


def smtp_pipelining(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _smtp(SmtpServer(), tls, TlsMode.NONE)


def smtp_step_by_step(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _smtp(SmtpServer(pipelining=False), tls, TlsMode.NONE)


def smtp_starttls(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _smtp(SmtpServer(tls=tls.server, login=("crm", "secret")), tls, TlsMode.STARTTLS)


def smtp_implicit_tls(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _smtp(SmtpServer(tls=tls.server, implicit=True), tls, TlsMode.IMPLICIT)


class _Keeps:
    """A handler for aiosmtpd that keeps what it is given."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, _server: SMTP, _session: Session, envelope: Received
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.letters += [letter(recipient, content) for recipient in envelope.rcpt_tos]
        return "250 2.0.0 Ok"


@contextlib.contextmanager
def smtp_of_others(folder: Path, tls: Tls) -> Iterator[Post]:
    """A server that is not ours."""
    handler = _Keeps()
    controller = Controller(handler, hostname="127.0.0.1", port=closed_port())
    controller.start()
    try:
        mailer = SmtpMailer(Relay("127.0.0.1", controller.port, TlsMode.NONE), context=tls.client)
        yield Post(mailer, lambda: list(handler.letters))
        mailer.close()
    finally:
        controller.stop()


def _as_letter(asked: http.Asked) -> Letter:
    fields = json.loads(asked.body)
    to = fields["personalizations"][0]
    return Letter(
        to["to"][0]["email"],
        fields["subject"],
        fields["content"][0]["value"],
        to["headers"]["List-Unsubscribe"],
    )


@contextlib.contextmanager
def _sendgrid(tls: Tls, *, secure: bool) -> Iterator[Post]:
    accepted = http.status(202, X_Message_Id="abcdefghij0123456789ab")
    with http.HttpServer([accepted], tls=tls.server if secure else None) as server:
        mailer = SendGridMailer(
            "SG.key", lambda: datetime(2026, 3, 2, tzinfo=UTC), host=server.url, context=tls.client
        )
        yield Post(mailer, lambda: [_as_letter(asked) for asked in server.asked])
        mailer.close()


def sendgrid(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _sendgrid(tls, secure=False)


def sendgrid_tls(folder: Path, tls: Tls) -> contextlib.AbstractContextManager[Post]:
    return _sendgrid(tls, secure=True)


ALL = [
    memory,
    mailbox,
    smtp_pipelining,
    smtp_step_by_step,
    smtp_starttls,
    smtp_implicit_tls,
    smtp_of_others,
    sendgrid,
    sendgrid_tls,
]
