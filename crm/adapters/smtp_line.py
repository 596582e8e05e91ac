"""The SMTP conversation as lines: commands out, replies in, by a deadline."""

import re
from dataclasses import dataclass

from crm.adapters.sockets import Deadline, TimedSocket

_LINE_LIMIT = 4096  # RFC 5321 §4.5.3.1.5 says 512; many servers say more
_LINES_LIMIT = 128
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)", re.ASCII)
_LINE_START_DOT = re.compile(rb"(?m)^\.")


class GarbageError(ConnectionError):
    """The peer does not speak SMTP, or speaks out of turn: nothing it says from here on can be believed."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply; several lines are joined by newlines."""

    code: int
    text: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    @property
    def closing(self) -> bool:
        """Tell whether the server is about to hang up (RFC 5321 §3.8)."""
        return self.code == 421

    @property
    def label(self) -> str:
        """The code, with the enhanced one where the server gave it (RFC 3463)."""
        enhanced = _ENHANCED.match(self.text)
        return f"{self.code} {enhanced[0]}" if enhanced else str(self.code)


class Line:
    """One connection to an SMTP server."""

    def __init__(self, connection: TimedSocket) -> None:
        self.connection = connection
        self._read = b""

    def write(self, data: bytes, deadline: Deadline) -> None:
        """Send every byte, or raise OSError."""
        self.connection.deadline = deadline
        self.connection.send_all(data)

    def reply(self, deadline: Deadline) -> Reply:
        """Read one reply.

        Raises:
            GarbageError: what came is not one.
            OSError: the connection broke, or the deadline passed.
        """
        self.connection.deadline = deadline
        lines = []
        for _ in range(_LINES_LIMIT):
            match = _REPLY.fullmatch(self._line())
            if match is None:
                raise GarbageError("unreadable_answer")
            code, dash, text = match.groups()
            lines.append((int(code), (text or b"").decode("utf-8", "replace").strip()))
            if dash != b"-":
                break
        else:
            raise GarbageError("unreadable_answer")
        if len({code for code, _ in lines}) != 1:
            raise GarbageError("unreadable_answer")
        return Reply(lines[0][0], "\n".join(text for _, text in lines))

    def ask(self, command: str, deadline: Deadline) -> Reply:
        """One command, one reply."""
        self.write(command.encode("ascii") + b"\r\n", deadline)
        return self.reply(deadline)

    def demand_silence(self) -> None:
        """Make sure that the server has said nothing we did not ask for.

        A reply that came unasked would be taken for the answer to what we send next: an acceptance of a
        message that nobody has read, or a greeting from before TLS.

        Raises:
            GarbageError: it has.
        """
        if self._read or not self.connection.is_quiet():
            raise GarbageError("out_of_turn")

    def _line(self) -> bytes:
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > _LINE_LIMIT:
                raise GarbageError("unreadable_answer")
            more = self.connection.receive()
            if not more:
                raise ConnectionResetError("connection_lost")
            self._read += more
        line, self._read = self._read[:end], self._read[end + 1 :]
        return line.removesuffix(b"\r")


def stuffed(wire: bytes) -> bytes:
    """The message as DATA carries it: dots at line starts doubled, a lone dot to end it (RFC 5321 §4.5.2)."""
    if wire.startswith(b".") or b"\n." in wire:
        wire = _LINE_START_DOT.sub(b"..", wire)
    return wire + b".\r\n"
