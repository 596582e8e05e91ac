"""An IMAP server that does as little as a client needs, and behaves at one command as badly as it is told."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.servers.scripted import Peer, ScriptedServer

Behaviour = Callable[[Peer], None]
_FOLDER = (b"UIDVALIDITY 7", b"PERMANENTFLAGS (\\*)", b"READ-WRITE")
MAIL = b"Subject: een\r\n\r\nDag\r\n"


def hang(peer: Peer) -> None:
    peer.hang()
    raise ConnectionResetError


def reset(peer: Peer) -> None:
    peer.reset()


def drip(peer: Peer) -> None:
    peer.drip(b"* OK " + b"x" * 2000, 0.05)
    raise ConnectionResetError


def flood(peer: Peer) -> None:
    """Announce ten gigabytes and send them, until nobody listens."""
    peer.say(b"* 1 FETCH (UID 1 BODY[] {10737418240}\r\n")
    for _ in range(100 * 16):  # a hundred megabytes will do
        peer.say(b"x" * 65536)


def say(text: bytes) -> Behaviour:
    return lambda peer: peer.say(text)


@dataclass
class ImapServer:
    """`faults[command]` acts instead of the answer; `greeting` is a command here."""

    faults: dict[str, Behaviour] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    smuggled: bytes = b""
    """Said in the open, right behind the yes to STARTTLS."""
    mails: dict[int, bytes] = field(default_factory=lambda: {1: MAIL})
    commands: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ScriptedServer(self._script)
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

    def _script(self, peer: Peer) -> None:
        if "greeting" in self.faults:
            self.faults["greeting"](peer)
        else:
            peer.say(b"* OK ready\r\n")
        while True:
            tag, _, command = peer.line().decode("latin-1").partition(" ")
            verb = command.removeprefix("UID ").split(" ")[0].upper()
            self.commands.append(command)
            if verb in self.faults:
                self.faults[verb](peer)
                continue
            for line in self._answers(verb, command):
                peer.say(line + b"\r\n")
            peer.say(f"{tag} OK done\r\n".encode() + (self.smuggled if verb == "STARTTLS" else b""))
            if verb == "STARTTLS" and self.tls is not None:
                peer.secure(self.tls)

    def _answers(self, verb: str, command: str) -> list[bytes]:
        if verb == "FETCH":
            return [self._parts(int(one), command) for one in command.split(" ")[2].split(",")]
        starttls = b" STARTTLS" if self.tls is not None else b""
        fixed = {
            "CAPABILITY": [b"* CAPABILITY IMAP4rev1" + starttls],
            "SELECT": [b"* 1 EXISTS", *(b"* OK [%b] ok" % one for one in _FOLDER)],
            "SEARCH": [b"* SEARCH " + " ".join(map(str, self.mails)).encode()],
        }
        return fixed.get(verb, [])

    def _parts(self, uid: int, command: str) -> bytes:
        mail = self.mails[uid]
        if "SIZE" in command:
            part = b"RFC822.SIZE %d" % len(mail)
        elif "FLAGS" in command:
            part = b"FLAGS ()"
        else:
            part = b"BODY[] {%d}\r\n%b" % (len(mail), mail)
        return b"* %d FETCH (UID %d %b)" % (uid, uid, part)
