"""A name server on loopback that answers from a table, over UDP."""

import contextlib
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], list[str] | str]
"""(name, type) → records, or an rcode such as NXDOMAIN, SERVFAIL, REFUSED, or `silence` or `garbage`."""


class DnsServer:
    def __init__(self, records: Records) -> None:
        self._records = records
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self.asked: list[tuple[str, str]] = []

    def __enter__(self) -> Self:
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping = True
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self.address)
        self._thread.join(timeout=5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            wire, client = self._socket.recvfrom(4096)
            if self._stopping:
                return
            with contextlib.suppress(OSError):
                reply = self._answer(wire)
                if reply:
                    self._socket.sendto(reply, client)

    def _answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text().rstrip("."), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        found = self._records.get((name, kind), [])
        if found == "silence":
            return b""
        if found == "garbage":
            return wire[:2] + b"\xff" * 20
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        if isinstance(found, str):
            reply.set_rcode(dns.rcode.from_text(found))
        elif found:
            reply.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        return reply.to_wire()
