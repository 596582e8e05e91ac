"""SendGrid's posts, of events and of inbound mail: who signed these bytes, and when?

Its own verifier wants text, raises on whatever is malformed and looks at no clock (`docs/sendgrid.md`), so
this is ECDSA by the `cryptography` library over the stamp and the bytes as they came.
"""

import base64
import binascii
import contextlib
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from crm.adapters.sendgrid_events import read_events
from crm.delivery.event_ports import SignedPost, UnsignedPostError
from crm.kernel.errors import InvalidSettingsError

SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
STAMP: Final = "x-twilio-email-event-webhook-timestamp"
OLDEST: Final = timedelta(hours=25)
"""SendGrid tries again for 24 hours, and nobody knows whether it signs anew."""

AHEAD: Final = timedelta(minutes=10)

_STAMP: Final = re.compile(r"[0-9]{10}")
_LONGEST: Final = 256  # characters of a signature; 72 bytes of DER are 96
_HOW: Final = ec.ECDSA(SHA256())


class SendGridHook:
    """See `crm.delivery.event_ports.EventHook` and `crm.replies.ports.PostSignature`."""

    def __init__(self, keys: Sequence[str], *, setting: str = "CRM_SENDGRID_EVENT_KEYS") -> None:
        """Take the public keys as the console shows them: one line of base64 each, old and new ones.

        Raises:
            InvalidSettingsError: one of them is none.
        """
        self._keys = [_key(text, setting) for text in keys]
        if not self._keys:
            raise InvalidSettingsError(["There is no key to check SendGrid's posts with."])

    def read(self, headers: Sequence[tuple[str, str]], body: bytes, *, now: datetime) -> SignedPost:
        """See `EventHook`."""
        stamp = self._stamp(headers, body, now)
        digest = hashlib.sha256(stamp.encode("ascii") + b"." + body).hexdigest()
        return SignedPost(digest, read_events(body, now=now))

    def holds(self, headers: Sequence[tuple[str, str]], body: bytes, *, now: datetime) -> bool:
        """See `PostSignature`."""
        try:
            self._stamp(headers, body, now)
        except UnsignedPostError:
            return False
        return True

    def _stamp(self, headers: Sequence[tuple[str, str]], body: bytes, now: datetime) -> str:
        """When it was signed, in Unix seconds; raises UnsignedPostError."""
        signature = _strict(_one(headers, SIGNATURE))
        stamp = _one(headers, STAMP)
        if not _STAMP.fullmatch(stamp):
            raise UnsignedPostError("malformed")
        age = now - datetime.fromtimestamp(int(stamp), UTC)
        if age > OLDEST:
            raise UnsignedPostError("stale")
        if age < -AHEAD:
            raise UnsignedPostError("ahead")
        if not self._signed(signature, stamp.encode("ascii"), body):
            raise UnsignedPostError("unsigned")
        return stamp

    def _signed(self, signature: bytes, stamp: bytes, body: bytes) -> bool:
        forms = [body]
        if not body.isascii():
            # Some posts are said to be signed as if their bytes had been encoded twice.
            with contextlib.suppress(UnicodeDecodeError):
                body.decode("utf-8")
                forms.append(body.decode("latin-1").encode("utf-8"))
        return any(_holds(key, signature, stamp + form) for form in forms for key in self._keys)


def _holds(key: ec.EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, _HOW)
    except InvalidSignature:
        return False
    return True


def _one(headers: Sequence[tuple[str, str]], name: str) -> str:
    """The header that must be there exactly once."""
    found = [value for key, value in headers if key.lower() == name]
    if not found:
        raise UnsignedPostError("missing")
    if len(found) > 1 or not found[0].isascii():
        raise UnsignedPostError("malformed")
    return found[0]


def _strict(text: str) -> bytes:
    """Base64 in its one canonical form: spare bits in the last character would make two texts one."""
    if len(text) > _LONGEST:
        raise UnsignedPostError("malformed")
    try:
        read = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnsignedPostError("malformed") from None
    if base64.b64encode(read).decode("ascii") != text:
        raise UnsignedPostError("malformed")
    return read


def _key(text: str, setting: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise InvalidSettingsError(
            [f"{setting}: copy the verification key from SendGrid, one line without `-----`."]
        )
    return key
