"""An SMTP server that behaves at one stage of one message as badly as it is told, and well otherwise.

It keeps what it took, so that a test can compare what the mailer says with what really arrived.
"""

import enum
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from crm.kernel.clock import monotonic
from tests.servers.scripted import Peer, ScriptedServer


class Stage(enum.StrEnum):
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    """Before the body was read."""
    DOT = "dot"
    """After the whole body was read, before it counts as taken."""
    TAKEN = "taken"
    """After it counts as taken, before that is said."""


Behaviour = Callable[[Peer], None]


def answer(text: str) -> Behaviour:
    """Say this instead of what the stage wants."""
    return lambda peer: peer.say(text.encode() + b"\r\n")


def hang(peer: Peer) -> None:
    peer.hang()
    raise ConnectionResetError


def reset(peer: Peer) -> None:
    peer.reset()


def close(peer: Peer) -> None:
    raise ConnectionResetError


def drip(peer: Peer) -> None:
    peer.drip(b"250-" + b"x" * 2000, 0.1)
    raise ConnectionResetError


def reset_after(size: int) -> Behaviour:
    """Read so many bytes of the body, then break the line."""

    def behave(peer: Peer) -> None:
        peer.exactly(size)
        peer.reset()

    return behave


def want_it_anyway(peer: Peer) -> None:
    """Ask for the body though nobody was accepted to have it, as RFC 2920 allows."""
    peer.say(b"354 go\r\n")
    peer.until(b".\r\n")
    peer.say(b"554 5.5.1 nobody to send it to\r\n")


@dataclass
class Taken:
    sender: str
    recipient: str
    wire: bytes


@dataclass
class SmtpServer:
    """`faults[(stage, n)]` acts the n-th time (from 1) that the stage is reached; `(stage, 0)` every time."""

    faults: dict[tuple[Stage, int], Behaviour] = field(default_factory=dict)
    pipelining: bool = True
    reports: bool = False
    """Announces DSN."""
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    login: tuple[str, str] | None = None
    mechanisms: str = "PLAIN LOGIN"
    taken: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    authenticated: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._counts: dict[Stage, int] = {}
        self._lock = threading.Lock()
        self._server = ScriptedServer(self._script, self.tls if self.implicit else None)
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def connections(self) -> int:
        return self._server.connections

    def arrived(self, number: int, seconds: float = 20) -> bool:
        """Tell whether so many mails were taken, waiting for them."""
        end = monotonic() + seconds
        while len(self.taken) < number and monotonic() < end:
            threading.Event().wait(0.05)
        return len(self.taken) >= number

    def wait_for(self, recipient: str, seconds: float = 20) -> None:
        """Wait until a mail to them was taken.

        Raises:
            AssertionError: none was.
        """
        end = monotonic() + seconds
        while not any(one.recipient == recipient for one in self.taken):
            assert monotonic() < end, f"nothing came for {recipient}"
            threading.Event().wait(0.05)

    def _fault(self, stage: Stage, peer: Peer) -> bool:
        with self._lock:
            self._counts[stage] = self._counts.get(stage, 0) + 1
            behaviour = self.faults.get((stage, self._counts[stage])) or self.faults.get((stage, 0))
        if behaviour is None:
            return False
        behaviour(peer)
        return True

    def _script(self, peer: Peer) -> None:
        talk = Talk(peer, secured=self.implicit)
        self._say(Stage.GREETING, peer, b"220 mail.example ESMTP")
        while True:
            talk.command = peer.line().decode("latin-1")
            self.commands.append(talk.command)
            verb = talk.command.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                peer.say(b"221 bye\r\n")
                return
            react = getattr(self, f"_{verb.lower()}", self._unknown)
            react(talk)

    def _say(self, stage: Stage, peer: Peer, text: bytes) -> bool:
        """What the stage wants, unless a fault was planned; tell whether it was said."""
        if self._fault(stage, peer):
            return False
        peer.say(text + b"\r\n")
        return True

    def _unknown(self, talk: "Talk") -> None:
        talk.peer.say(b"500 what\r\n")

    def _ehlo(self, talk: "Talk") -> None:
        self._say(Stage.EHLO, talk.peer, self._features(secured=talk.secured))

    def _starttls(self, talk: "Talk") -> None:
        if self._say(Stage.STARTTLS, talk.peer, b"220 go"):
            assert self.tls is not None
            talk.peer.secure(self.tls)
            talk.secured = True

    def _rset(self, talk: "Talk") -> None:
        talk.sender = talk.recipient = ""
        talk.peer.say(b"250 2.0.0 ok\r\n")

    def _mail(self, talk: "Talk") -> None:
        if talk.sender:
            talk.peer.say(b"503 5.5.1 one at a time\r\n")
        elif self._say(Stage.MAIL, talk.peer, b"250 2.1.0 ok"):
            talk.sender = _path(talk.command)

    def _rcpt(self, talk: "Talk") -> None:
        if self._say(Stage.RCPT, talk.peer, b"250 2.1.5 ok"):
            talk.recipient = _path(talk.command)

    def _features(self, *, secured: bool) -> bytes:
        lines = ["mail.example", "SIZE 10000000"]
        lines += ["PIPELINING"] if self.pipelining else []
        lines += ["DSN"] if self.reports else []
        lines += ["STARTTLS"] if self.tls is not None and not secured else []
        lines += [f"AUTH {self.mechanisms}"] if self.login and (secured or self.tls is None) else []
        ends = ["-"] * (len(lines) - 1) + [" "]
        return "\r\n".join(f"250{end}{line}" for end, line in zip(ends, lines, strict=True)).encode()

    def _auth(self, talk: "Talk") -> None:
        if self._fault(Stage.AUTH, talk.peer):
            return
        if talk.command.startswith("AUTH PLAIN "):
            self.authenticated.append(talk.command.removeprefix("AUTH PLAIN "))
        else:
            for question in (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n"):
                talk.peer.say(question)
                self.authenticated.append(talk.peer.line().decode())
        talk.peer.say(b"235 2.7.0 welcome\r\n")

    def _data(self, talk: "Talk") -> None:
        if self._fault(Stage.DATA, talk.peer):
            return
        if not talk.sender or not talk.recipient:
            talk.peer.say(b"503 5.5.1 nobody to send it to\r\n")
            return
        talk.peer.say(b"354 go\r\n")
        if self._fault(Stage.BODY, talk.peer):
            raise ConnectionResetError  # a server that answers before it has read the body does not take it
        lines = []
        while (line := talk.peer.line()) != b".":
            lines.append(line.removeprefix(b".") + b"\r\n")
        sender, recipient = talk.sender, talk.recipient
        talk.sender = talk.recipient = ""
        if self._fault(Stage.DOT, talk.peer):
            return
        self.taken.append(Taken(sender, recipient, b"".join(lines)))
        self._say(Stage.TAKEN, talk.peer, b"250 2.0.0 Ok: queued as 4F1")


def _path(command: str) -> str:
    return command.partition("<")[2].rpartition(">")[0]


@dataclass
class Talk:
    """What one connection has said so far."""

    peer: Peer
    secured: bool
    command: str = ""
    sender: str = ""
    recipient: str = ""
