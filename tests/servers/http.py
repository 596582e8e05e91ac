"""An HTTP server that answers each request as scripted, byte for byte."""

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.servers.scripted import Peer, ScriptedServer


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def fields(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Peer, Asked], None]


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """A whole, keep-alive answer; header names with `_` for `-`."""
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    text = "\r\n".join([*lines, "", ""]).encode() + body

    def act(peer: Peer, asked: Asked) -> None:
        peer.say(text)

    return act


def raw(data: bytes) -> Answer:
    """Exactly these bytes, then the end."""

    def act(peer: Peer, asked: Asked) -> None:
        peer.say(data)
        raise ConnectionResetError

    return act


def hang(peer: Peer, asked: Asked) -> None:
    peer.hang()
    raise ConnectionResetError


def reset(peer: Peer, asked: Asked) -> None:
    peer.reset()


def close(peer: Peer, asked: Asked) -> None:
    raise ConnectionResetError


def drip(peer: Peer, asked: Asked) -> None:
    peer.drip(b"HTTP/1.1 202 Accepted\r\nX-Slow: " + b"x" * 2000, 0.1)
    raise ConnectionResetError


def hang_in_body(code: int) -> Answer:
    """A status line and headers that promise a body, and then nothing."""

    def act(peer: Peer, asked: Asked) -> None:
        peer.say(f"HTTP/1.1 {code} X\r\nContent-Length: 10\r\nX-Message-Id: abc\r\n\r\n".encode())
        peer.hang()
        raise ConnectionResetError

    return act


@dataclass
class HttpServer:
    """Answers by turns: the n-th request gets `script[n]`, later ones the last of it."""

    script: list[Answer]
    tls: ssl.SSLContext | None = None
    before_body: bool = False
    """Answer as soon as the headers are there, with the body unread."""
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ScriptedServer(self._serve, self.tls)
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.port}"

    @property
    def connections(self) -> int:
        return self._server.connections

    def _serve(self, peer: Peer) -> None:
        while True:
            head = peer.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
            }
            size = 0 if self.before_body else int(headers.get("content-length", "0"))
            asked = Asked(method, path, headers, peer.exactly(size))
            self.asked.append(asked)
            act = self.script[min(len(self.asked), len(self.script)) - 1]
            act(peer, asked)
