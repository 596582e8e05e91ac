"""Connections that cannot hold us longer than we said, whatever drips out of them.

A socket time-out bounds one operation, not a conversation: a server that sends a byte a second holds a
two-second time-out for ever. Every operation here therefore gets what is left of one deadline.
"""

import contextlib
import io
import ipaddress
import queue
import select
import socket
import ssl
import threading
from dataclasses import dataclass
from typing import Self

from crm.kernel.clock import monotonic

CONNECT_SECONDS = 5.0

_Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Self:
        """So many seconds from here."""
        return cls(monotonic() + seconds)

    def within(self, seconds: float) -> "Deadline":
        """This deadline, or so many seconds from here if that is sooner."""
        return Deadline(min(self.at, monotonic() + seconds))

    def has(self, seconds: float) -> bool:
        """Tell whether at least so much time is left."""
        return self.at - monotonic() >= seconds

    def left(self) -> float:
        """Seconds left, never zero.

        Raises:
            TimeoutError: none are.
        """
        left = self.at - monotonic()
        if left <= 0:
            raise TimeoutError("The deadline has passed.")
        return left


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine itself, without asking anybody."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _addresses(host: str, port: int, deadline: Deadline) -> list[_Address]:
    """Where a host is. The system's resolver knows no time-out, so a thread waits for it in our place."""
    answer: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.put([(family, address) for family, _, _, _, address in found])  # type: ignore[misc]  # stream sockets have no other form
        except (OSError, UnicodeError) as error:
            answer.put(error if isinstance(error, OSError) else OSError("Not a host name."))

    threading.Thread(target=ask, daemon=True, name="resolve").start()
    try:
        result = answer.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("The name was not resolved in time.") from None
    if isinstance(result, OSError):
        raise result
    return result


def connect(host: str, port: int, deadline: Deadline) -> "TimedSocket":
    """A connection to the first of the host's addresses that answers.

    Raises:
        OSError: none did, or there are none.
        TimeoutError: not in time.
    """
    failure = OSError("The host has no address.")
    addresses = _addresses(host, port, deadline)
    for others, (family, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(
                deadline.left() / others
            )  # an address that swallows packets leaves time for the next
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
            continue
        return TimedSocket(sock, deadline)
    raise failure


class TimedSocket:
    """A stream socket whose every operation ends by `deadline`, which its owner moves."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self.deadline = deadline

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on under TLS, the peer's certificate checked for `host`."""
        self._sock.settimeout(self.deadline.left())
        self._sock = context.wrap_socket(self._sock, server_hostname=host)

    def receive(self, limit: int = 65536) -> bytes:
        """The next bytes; none when the peer has closed."""
        self._sock.settimeout(self.deadline.left())
        return self._sock.recv(limit)

    def send_all(self, data: bytes) -> None:
        """Every byte, or an error."""
        rest = memoryview(data)
        while rest:
            self._sock.settimeout(self.deadline.left())
            rest = rest[self._sock.send(rest) :]

    def is_quiet(self) -> bool:
        """Tell whether nothing waits to be read; else a kept connection was closed, or is confused."""
        return not self.wait(0)

    def wait(self, seconds: float) -> bool:
        """Wait until something can be read, the deadline aside; tell whether it can."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return True
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def makefile(self, mode: str) -> io.BufferedReader:
        """For `http.client`, which reads from a file; `mode` is always rb."""
        assert mode == "rb"
        return io.BufferedReader(_Stream(self))

    def close(self) -> None:
        """Let go of the connection; never fails."""
        with contextlib.suppress(OSError):
            self._sock.close()


class _Stream(io.RawIOBase):
    def __init__(self, connection: TimedSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io passes a memoryview, typeshed says Buffer
        data = self._connection.receive(len(buffer))
        buffer[: len(data)] = data
        return len(data)
