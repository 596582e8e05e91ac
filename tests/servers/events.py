"""SendGrid's side of its event posts: bodies in its own odd JSON, signed as it signs them."""

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crm.adapters.sendgrid_hook import SIGNATURE, STAMP

Event = Mapping[str, Any]
_numbers = itertools.count(1)


def body_of(events: Sequence[Event]) -> bytes:
    """Events are separated by `,` and a line end, and the last one is followed by one."""
    inner = ",\r\n".join(json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in events)
    return f"[{inner}]\r\n".encode()


@dataclass
class Signer:
    """One webhook's key."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def public(self) -> str:
        """The verification key, as the console shows it."""
        der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(der).decode("ascii")

    def signature(self, stamp: str, body: bytes) -> str:
        signed = self.key.sign(stamp.encode("ascii") + body, ec.ECDSA(SHA256()))
        return base64.b64encode(signed).decode("ascii")

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        stamp = f"{int(at.timestamp()):010d}"
        return {SIGNATURE: self.signature(stamp, body), STAMP: stamp}


def event(kind: str, message: str = "", *, at: datetime, **more: Any) -> dict[str, Any]:
    """An event as SendGrid writes it; our argument stands at the top level."""
    number = next(_numbers)
    said: dict[str, Any] = {
        "email": "ann@winkel.example",
        "timestamp": int(at.timestamp()),
        "event": kind,
        "sg_event_id": f"ZXZlbnQ{number}",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
    }
    if message:
        said["crm_message_id"] = message
    said.update(more)
    return {name: value for name, value in said.items() if value is not None}
