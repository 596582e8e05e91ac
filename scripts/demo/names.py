"""A name server on this machine for the demo's invented domains: real questions, real answers, no network."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Final, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from scripts.demo.cast import NULL_MX

_OURS: Final = dns.name.from_text("example.")
_MISSING: Final = frozenset({dns.name.from_text("kapotadres.example.")})
_DEAF: Final = frozenset({dns.name.from_text(NULL_MX)})
_ADDRESSES: Final = {dns.rdatatype.A: "192.0.2.25", dns.rdatatype.AAAA: "2001:db8::25"}
_TTL: Final = 60
_LONGEST: Final = 4096


class NameServer:
    """Answers over UDP on loopback, in a thread, as long as the `with` block lasts."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._stopping = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(timeout=5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(_LONGEST)
            if self._stopping:
                return
            with contextlib.suppress(OSError, dns.exception.DNSException):
                self._socket.sendto(answer(wire), client)


def answer(wire: bytes) -> bytes:
    """The reply to one question. Whatever is not `.example` is not ours: refused, which proves nothing.

    Raises:
        dns.exception.DNSException: it is no question.
    """
    query = dns.message.from_wire(wire)
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.RA | dns.flags.AA
    question = query.question[0]
    name, kind = question.name, question.rdtype
    if not name.is_subdomain(_OURS):
        reply.set_rcode(dns.rcode.REFUSED)
    elif name in _MISSING:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    else:
        record = _record(name, kind)
        if record:
            reply.answer.append(dns.rrset.from_text(name, _TTL, "IN", kind, record))
    return reply.to_wire()


def _record(name: dns.name.Name, kind: dns.rdatatype.RdataType) -> str:
    """Every shop has one mail server, `mx` under its own name; one says that it takes no mail (RFC 7505)."""
    if kind == dns.rdatatype.MX:
        return "0 ." if name in _DEAF else f"10 mx.{name.to_text()}"
    return _ADDRESSES.get(kind, "") if name.labels[0] == b"mx" else ""
