"""A TCP server on loopback whose every connection follows a script; the base of the SMTP and HTTP ones."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: socket.socket, stop: threading.Event) -> None:
        self.connection = connection
        self.stop = stop
        self._read = b""

    def line(self) -> bytes:
        """The next line without its end. Raises ConnectionError when the client has gone."""
        while b"\n" not in self._read:
            self._more()
        line, _, self._read = self._read.partition(b"\n")
        return line.removesuffix(b"\r")

    def until(self, end: bytes) -> bytes:
        while end not in self._read:
            self._more()
        data, _, self._read = self._read.partition(end)
        return data + end

    def exactly(self, size: int) -> bytes:
        while len(self._read) < size:
            self._more()
        data, self._read = self._read[:size], self._read[size:]
        return data

    def waiting(self) -> bytes:
        """What came with the last read, and was not asked for yet."""
        return self._read

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes, seconds: float) -> None:
        """One byte at a time, with a pause before each, until the client gives up."""
        for byte in data:
            if self.stop.wait(seconds):
                return
            self.say(bytes([byte]))

    def hang(self) -> None:
        """Say nothing more, but stay on the line."""
        self.stop.wait(30)

    def reset(self) -> None:
        """Break the connection: the client sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise ConnectionResetError

    def secure(self, context: ssl.SSLContext) -> None:
        self.connection = context.wrap_socket(self.connection, server_side=True)

    def _more(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise ConnectionResetError
        self._read += data


class ScriptedServer:
    """Accepts on 127.0.0.1 and runs `script` for each connection, in a thread of its own."""

    def __init__(self, script: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._tls = tls
        self._stop = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        peer = Peer(connection, self._stop)
        with contextlib.suppress(OSError, ValueError):
            if self._tls is not None:
                peer.secure(self._tls)
            self._script(peer)
        with contextlib.suppress(OSError):
            peer.connection.close()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
