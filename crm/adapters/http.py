"""HTTP to a known service: kept connections, one deadline for the whole exchange, no redirects, no proxies.

What matters to a sender is on which side of the first body byte an exchange broke; each side has its error.
"""

import contextlib
import http.client
import json
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPMessage
from urllib.parse import urlsplit

from crm.adapters.sockets import CONNECT_SECONDS, Deadline, TimedSocket, connect, is_loopback
from crm.kernel.clock import monotonic
from crm.kernel.errors import InvalidSettingsError

_IDLE_SECONDS = 15.0  # servers close idle connections after a minute or so, without a word


class NotReachedError(Exception):
    """No byte of the body left. With `tls`, because the service could not prove who it is."""

    def __init__(self, *, tls: bool = False) -> None:
        super().__init__("The service was not reached.")
        self.tls = tls


class NoAnswerError(Exception):
    """The body, or some of it, left; `reason` says how the answer failed to come."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Room:
    """How much of an answer's body is read, and for how many seconds.

    To whoever hands something over the status line has told the outcome; the body is not worth a lease.
    """

    bytes: int = 65536
    seconds: float = 3.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back. The body is as long as there was room for, and shorter when it did not come in time."""

    status: int
    headers: HTTPMessage
    body: bytes

    def fields(self) -> dict[str, object]:
        """The body as a JSON object; an empty one when it is anything else."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    def retry_after(self, at_most: timedelta) -> timedelta | None:
        """The header's seconds, held between one second and `at_most`; None for a date or nonsense."""
        text = self.headers.get("Retry-After", "")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            return None
        return min(max(timedelta(seconds=int(text)), timedelta(seconds=1)), at_most)


@dataclass(frozen=True, slots=True)
class _Kept:
    socket: TimedSocket
    since: float


class HttpClient:
    """Talks to one origin. Safe to share between threads; keeps as many connections as were busy at once."""

    def __init__(self, base_url: str, *, context: ssl.SSLContext | None = None) -> None:
        """Take an https address, or plain http to this machine, without user, query or fragment.

        Raises:
            InvalidSettingsError: any other address.
        """
        parts = urlsplit(base_url)
        plain_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise InvalidSettingsError(["A service's address is https://, a host and perhaps a path."])
        if parts.scheme != "https" and not plain_here:
            raise InvalidSettingsError(["A service outside this machine is spoken to over https only."])
        self._host, self._path = parts.hostname, parts.path.rstrip("/")
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._authority = parts.netloc
        self._context = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self._idle: list[_Kept] = []
        self._lock = threading.Lock()

    def post(self, path: str, headers: Mapping[str, str], body: bytes, *, deadline: Deadline) -> HttpAnswer:
        """Post and read the answer, whatever its status.

        Raises:
            NotReachedError: no byte of the body left.
            NoAnswerError: some did, and no readable answer came.
        """
        return self.ask("POST", path, headers, body, deadline=deadline)

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        deadline: Deadline,
        room: Room = Room(),
    ) -> HttpAnswer:
        """Any request; the answer is read as far as there is `room`, whatever its status.

        Raises:
            NotReachedError: no byte of the body left (of one without a body: of the request).
            NoAnswerError: some did, and no readable answer came.
        """
        sock = self._reach(deadline)
        try:
            head = self._head(method, path, headers, len(body))
            answer, reusable = self._exchange(method, sock, head, body, room)
        except BaseException:
            sock.close()
            raise
        if reusable:
            with self._lock:
                self._idle.append(_Kept(sock, monotonic()))
        else:
            sock.close()
        return answer

    def close(self) -> None:
        """Close what is kept; posting again opens new connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for kept in idle:
            kept.socket.close()

    def _head(self, method: str, path: str, headers: Mapping[str, str], length: int) -> bytes:
        lines = [
            f"{method} {self._path}{path} HTTP/1.1",
            f"Host: {self._authority}",
            f"Content-Length: {length}",
        ]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("A header holds a line break.")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _reach(self, deadline: Deadline) -> TimedSocket:
        while kept := self._take_idle():
            if kept.since + _IDLE_SECONDS > monotonic() and kept.socket.is_quiet():
                kept.socket.deadline = deadline
                return kept.socket
            kept.socket.close()
        sock = None
        try:
            sock = connect(self._host, self._port, deadline.within(CONNECT_SECONDS))
            if self._context is not None:
                sock.secure(self._context, self._host)
        except OSError as error:
            if sock is not None:
                sock.close()
            raise NotReachedError(tls=isinstance(error, ssl.SSLCertVerificationError)) from None
        sock.deadline = deadline
        return sock

    def _take_idle(self) -> _Kept | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    @staticmethod
    def _exchange(
        method: str, sock: TimedSocket, head: bytes, body: bytes, room: Room
    ) -> tuple[HttpAnswer, bool]:
        try:
            sock.send_all(head)
        except OSError:
            raise NotReachedError from None
        # A server that answers before it has read everything may close on us: its answer still counts.
        written = False
        with contextlib.suppress(ConnectionError):
            try:
                sock.send_all(body)
            except TimeoutError:
                raise NoAnswerError("timed_out") from None
            written = True
        response = http.client.HTTPResponse(sock, method=method)  # type: ignore[arg-type]  # asks for makefile only
        try:
            response.begin()
        except TimeoutError:
            raise NoAnswerError("timed_out") from None
        except OSError:
            raise NoAnswerError("connection_lost") from None
        except (http.client.HTTPException, ValueError):
            raise NoAnswerError("unreadable_answer") from None
        read, whole = _read_body(response, sock, room)
        return HttpAnswer(response.status, response.headers, read), whole and written


def _read_body(response: http.client.HTTPResponse, sock: TimedSocket, room: Room) -> tuple[bytes, bool]:
    """The body, and whether the connection can be used again."""
    sock.deadline = sock.deadline.within(room.seconds)
    try:
        body = response.read(room.bytes)
    except (OSError, http.client.HTTPException, ValueError):
        return b"", False
    return body, response.isclosed() and not response.will_close
