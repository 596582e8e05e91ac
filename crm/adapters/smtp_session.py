"""Getting into conversation with an SMTP server: connection, greeting, TLS, login."""

import base64
import enum
import ssl
from dataclasses import dataclass, field

from crm.adapters.smtp_envelope import Extras
from crm.adapters.smtp_line import Line, Reply
from crm.adapters.sockets import CONNECT_SECONDS, Deadline, connect, is_loopback
from crm.delivery.ports import NotSent, NotSentReason
from crm.kernel.errors import InvalidSettingsError


class TlsMode(enum.StrEnum):
    """How the connection to the relay is kept private."""

    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"
    """To this machine only."""


@dataclass(frozen=True, slots=True)
class Relay:
    """The server that takes our mail, and how we log in to it."""

    host: str
    port: int
    tls: TlsMode = TlsMode.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    our_name: str = "localhost"
    """The name we greet with: that of the sending host."""

    def __post_init__(self) -> None:
        """Refuse what would carry mail or a password in the open.

        Raises:
            InvalidSettingsError: with every problem.
        """
        problems = []
        if self.tls is TlsMode.NONE and not is_loopback(self.host):
            problems.append("Mail leaves this machine under TLS only: set the relay to starttls or implicit.")
        if (self.username is None) != (self.password is None):
            problems.append("The relay's user name and password come together.")
        if not self.our_name.isascii() or not self.our_name.isprintable() or " " in self.our_name:
            problems.append("The name we greet the relay with is a host name in ASCII.")
        if problems:
            raise InvalidSettingsError(problems)


class NotOpenedError(Exception):
    """No conversation came about; `outcome` is what that means for everything that was to be sent."""

    def __init__(self, outcome: NotSent) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


@dataclass(slots=True)
class Session:
    """A conversation ready for messages."""

    line: Line
    pipelining: bool
    extras: Extras = Extras()  # noqa: RUF009 - frozen
    unsettled: bool = False
    """A transaction was broken off; the next begins with RSET."""
    messages: int = 0
    """Bodies that went through it."""

    def close(self) -> None:
        """Hang up without a word."""
        self.line.connection.close()

    def leave(self) -> None:
        """Say goodbye, but do not wait for long."""
        try:
            self.line.ask("QUIT", Deadline.after(1.0))
        except OSError:
            pass
        finally:
            self.close()


def open_session(relay: Relay, context: ssl.SSLContext | None, deadline: Deadline) -> Session:
    """Connect, check the certificate and log in.

    Raises:
        NotOpenedError: any of it failed.
    """
    try:
        connection = connect(relay.host, relay.port, deadline.within(CONNECT_SECONDS))
    except OSError:
        raise NotOpenedError(NotSent(NotSentReason.UNREACHABLE)) from None
    connection.deadline = deadline
    try:
        return _introduce(relay, context, Line(connection), deadline)
    except ssl.SSLEOFError:
        connection.close()
        raise NotOpenedError(NotSent(NotSentReason.UNREACHABLE)) from None
    except ssl.SSLError:
        connection.close()
        raise NotOpenedError(NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True)) from None
    except OSError:
        connection.close()
        raise NotOpenedError(NotSent(NotSentReason.UNREACHABLE)) from None
    except NotOpenedError:
        connection.close()
        raise


def _introduce(relay: Relay, context: ssl.SSLContext | None, line: Line, deadline: Deadline) -> Session:
    if relay.tls is TlsMode.IMPLICIT:
        assert context is not None
        line.connection.secure(context, relay.host)
    _demand(line.reply(deadline), NotSentReason.SENDER_REFUSED)
    features = _greet(relay, line, deadline)
    if relay.tls is TlsMode.STARTTLS:
        if "STARTTLS" not in features:
            raise NotOpenedError(NotSent(NotSentReason.TLS_FAILED, pause_mailbox=True))
        _demand(line.ask("STARTTLS", deadline), NotSentReason.TLS_FAILED)
        line.demand_silence()
        assert context is not None
        line.connection.secure(context, relay.host)
        features = _greet(relay, line, deadline)
    if relay.username is not None and relay.password is not None:
        _log_in(line, features, relay.username, relay.password, deadline)
    extras = Extras(reports="DSN" in features, size="SIZE" in features)
    return Session(line, pipelining="PIPELINING" in features, extras=extras)


def _greet(relay: Relay, line: Line, deadline: Deadline) -> dict[str, str]:
    """What the server can do; names in capitals, with their parameters."""
    reply = line.ask(f"EHLO {relay.our_name}", deadline)
    _demand(reply, NotSentReason.SENDER_REFUSED)
    features = {}
    for text in reply.text.split("\n")[1:]:
        name, _, parameters = text.strip().partition(" ")
        features[name.upper()] = parameters.upper()
    return features


def _log_in(line: Line, features: dict[str, str], username: str, password: str, deadline: Deadline) -> None:
    offered = features.get("AUTH", "").split()
    if "PLAIN" in offered:
        initial = _base64(f"\x00{username}\x00{password}")
        reply = line.ask(f"AUTH PLAIN {initial}", deadline)
    elif "LOGIN" in offered:
        reply = line.ask("AUTH LOGIN", deadline)
        for answer in (username, password):
            if reply.code == 334:
                reply = line.ask(_base64(answer), deadline)
    else:
        raise NotOpenedError(NotSent(NotSentReason.LOGIN_REFUSED, pause_mailbox=True))
    _demand(reply, NotSentReason.LOGIN_REFUSED)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _demand(reply: Reply, otherwise: NotSentReason) -> None:
    """Go on after a yes; a temporary no passes by itself, a definite one wants a person."""
    if reply.temporary:
        raise NotOpenedError(NotSent(NotSentReason.DEFERRED))
    if not reply.accepted:
        raise NotOpenedError(NotSent(otherwise, pause_mailbox=True))
