"""Signed messages between programs, in the Standard Webhooks form.

A signature covers `id.timestamp.body`, so that neither can be swapped; the raw bytes are signed, never a
re-serialised form of them. Each direction and endpoint has secrets of its own. standardwebhooks.com, SD12.
"""

import base64
import binascii
import enum
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from crm.kernel.errors import CrmError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

TOLERANCE = timedelta(minutes=5)
"""How old a message, or how far ahead its stamp, may be."""

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_STAMP = re.compile(r"[0-9]{10}", re.ASCII)


class WebhookFault(enum.StrEnum):
    """Why a message is not believed. For our own log: the sender gets one answer for all of them."""

    MISSING = "missing"
    MALFORMED = "malformed"
    STALE = "stale"
    AHEAD = "ahead"
    UNSIGNED = "unsigned"


class InvalidWebhookError(CrmError):
    """The message is not from whom it says, or not from now; `fault` says which."""

    def __init__(self, fault: WebhookFault) -> None:
        super().__init__(f"The signed message is not believed: {fault}.")
        self.fault = fault


def new_secret() -> str:
    """A fresh secret of 32 random bytes, `whsec_` and base64."""
    return _PREFIX + base64.b64encode(randomness.token_bytes(32)).decode("ascii")


def read_secret(text: str) -> bytes:
    """The key in a `whsec_…` text.

    Raises:
        ValueError: no `whsec_` in front, not base64, or not 24 to 64 bytes; the text is not repeated.
    """
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise ValueError("A signing secret is `whsec_` and the base64 of 24 to 64 bytes.")
    return key


def sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """One signature, `v1,` and base64 of HMAC-SHA256; `timestamp` in Unix seconds."""
    signed = b".".join((webhook_id.encode("ascii"), str(timestamp).encode("ascii"), body))
    return "v1," + base64.b64encode(hmac.digest(read_secret(secret), signed, hashlib.sha256)).decode("ascii")


def signed_headers(secrets: Sequence[str], webhook_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The three headers to send; several secrets sign side by side while one is being replaced."""
    stamp = int(now.timestamp())
    return {
        ID_HEADER: webhook_id,
        TIMESTAMP_HEADER: str(stamp),
        SIGNATURE_HEADER: " ".join(sign(secret, webhook_id, stamp, body) for secret in secrets),
    }


def verify(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime, *, prefix: str = ""
) -> str:
    """The id of a message that one of the secrets signed within five minutes of `now` (real time).

    A message may come twice: the caller keeps the ids. Header names in any case. The `prefix` of the ids an
    endpoint takes keeps apart what travels in two directions under one secret.

    Raises:
        InvalidWebhookError: anything else.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id, stamp, signatures = (
            lower[name] for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER)
        )
    except KeyError:
        raise InvalidWebhookError(WebhookFault.MISSING) from None
    if not _ID.fullmatch(webhook_id) or not webhook_id.startswith(prefix):
        raise InvalidWebhookError(WebhookFault.MALFORMED)
    if not _STAMP.fullmatch(stamp) or not signatures.isascii():
        raise InvalidWebhookError(WebhookFault.MALFORMED)
    age = now - datetime.fromtimestamp(int(stamp), UTC)
    if age > TOLERANCE:
        raise InvalidWebhookError(WebhookFault.STALE)
    if age < -TOLERANCE:
        raise InvalidWebhookError(WebhookFault.AHEAD)
    # Every pair is compared, so that the time taken does not tell which secret or signature came near.
    given = signatures.split()[:10]
    hits = [
        hmac.compare_digest(sign(secret, webhook_id, int(stamp), body), signature)
        for secret in secrets
        for signature in given
    ]
    if not any(hits):
        raise InvalidWebhookError(WebhookFault.UNSIGNED)
    return webhook_id
