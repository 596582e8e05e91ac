"""Every address that strangers get from us: what it carries and where it leads (D4, D6, D8)."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm.kernel.digests import SIZE, AddressDigest
from crm.kernel.errors import InvalidLinkError
from crm.kernel.links import LinkRing, base32, from_base32

REFERENCE = 16  # characters of a message's public id that a link carries: 80 of its 128 bits
_REFERENCE_BYTES = 10
_PIXEL_MAC = 8  # bytes; a forged pixel only writes nothing
_CODE_BYTES = 20


TEST = "test"
"""Stands where a token would, in the links of a test: no token is that short."""


@dataclass(frozen=True, slots=True)
class MailboxLink:
    """What an unsubscribe or about-you link says: whose mailbox, under which key, from which mail."""

    digest: AddressDigest
    key_version: int
    message: str
    """The first 16 characters of the message's public id; empty in a `mailto:` link."""


@dataclass(frozen=True, slots=True)
class StepDay:
    """What an aggregate pixel says: a step and a day, and nobody."""

    step_id: int
    day: date


class PublicLinks:
    """Make and read the links of this installation. Nothing here looks anything up."""

    def __init__(self, keys: Sequence[str], *, base_url: str, mail_domain: str) -> None:
        """Take the ring of public link keys, oldest first."""
        self.base_url = base_url
        self.mail_domain = mail_domain
        self._unsubscribe = LinkRing(keys, purpose="unsubscribe")
        self._about = LinkRing(keys, purpose="about")
        self._reply = LinkRing(keys, purpose="reply")
        self._bounce = LinkRing(keys, purpose="bounce")
        self._mailto = LinkRing(keys, purpose="mailto")
        self._pixel = LinkRing(keys, purpose="pixel", mac_size=_PIXEL_MAC)
        self._code_keys = [key.encode() for key in keys]

    def unsubscribe_url(self, link: MailboxLink) -> str:
        """`GET` asks, `POST` acts."""
        return f"{self.base_url}/u/{self._unsubscribe.sign(_pack(link))}"

    def read_unsubscribe(self, token: str) -> MailboxLink:
        """Raises InvalidLinkError."""
        return _unpack(self._unsubscribe.read(token))

    def about_url(self, link: MailboxLink) -> str:
        """What we hold about you."""
        return f"{self.base_url}/about/{self._about.sign(_pack(link))}"

    def read_about(self, token: str) -> MailboxLink:
        """Raises InvalidLinkError."""
        return _unpack(self._about.read(token))

    def test_unsubscribe_url(self) -> str:
        """Leads to a page that says: this was a test."""
        return f"{self.base_url}/u/{TEST}"

    def test_about_url(self) -> str:
        """As `test_unsubscribe_url`."""
        return f"{self.base_url}/about/{TEST}"

    def unsubscribe_mailbox(self, link: MailboxLink) -> str:
        """An address that stops outreach to the mailbox; its local part stays under 64 characters."""
        payload = bytes.fromhex(link.digest) + bytes([link.key_version])
        return f"u+{self._mailto.sign(payload)}@{self.mail_domain}"

    def read_mailto(self, token: str) -> MailboxLink:
        """Raises InvalidLinkError."""
        return _unpack(self._mailto.read(token))

    def reply_address(self, public_id: str) -> str:
        """Where an answer to this message goes."""
        return f"r+{self._reply.sign(_bytes_of(public_id))}@{self.mail_domain}"

    def read_reply(self, token: str) -> str:
        """The public id of the message answered to. Raises InvalidLinkError."""
        return _text_of(self._reply.read(token))

    def bounce_address(self, public_id: str) -> str:
        """The envelope sender of this message (VERP)."""
        return f"b+{self._bounce.sign(_bytes_of(public_id))}@{self.mail_domain}"

    def read_bounce(self, token: str) -> str:
        """The public id of the message that came back. Raises InvalidLinkError."""
        return _text_of(self._bounce.read(token))

    def pixel_url(self, pixel_id: str) -> str:
        """The open pixel of one message; `pixel_id` is 32 hex digits of its own (D4: individual)."""
        return f"{self.base_url}/o/{self._pixel.sign(bytes.fromhex(pixel_id))}.gif"

    def step_pixel_url(self, step: StepDay) -> str:
        """The open pixel that all recipients of a step and day share (D4: aggregate)."""
        payload = step.step_id.to_bytes(8) + step.day.toordinal().to_bytes(4)
        return f"{self.base_url}/o/{self._pixel.sign(payload)}.gif"

    def read_pixel(self, token: str) -> str | StepDay:
        """A pixel id, or a step and day. Raises InvalidLinkError."""
        payload = self._pixel.read(token)
        if len(payload) == SIZE:
            return payload.hex()
        if len(payload) == 12:
            return StepDay(int.from_bytes(payload[:8]), date.fromordinal(int.from_bytes(payload[8:])))
        raise InvalidLinkError

    def start_url(self, code: str) -> str:
        """The page that leads to the sign-up."""
        return f"{self.base_url}/start/{code}"

    def new_start_code(self, lead_id: str) -> str:
        """The sign-up code of a lead: 160 bits that follow from the key, so the code is kept nowhere."""
        return _code(self._code_keys[-1], lead_id)

    def start_code(self, lead_id: str, digest: str) -> str | None:
        """The code again, for a lead whose code has this digest; None when its key is gone."""
        codes = (_code(key, lead_id) for key in reversed(self._code_keys))
        return next((code for code in codes if code_digest(code) == digest), None)


def code_digest(code: str) -> str:
    """SHA-256 of a sign-up code, in hex: what the database and the image service know of it."""
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()


def _code(key: bytes, lead_id: str) -> str:
    mac = hmac.digest(key, f"crm.start\0{lead_id}".encode(), hashlib.sha256)
    return base32(mac[:_CODE_BYTES])


def _bytes_of(public_id: str) -> bytes:
    return from_base32(public_id)


def _text_of(payload: bytes) -> str:
    return base32(payload)


def _pack(link: MailboxLink) -> bytes:
    reference = _bytes_of(link.message[:REFERENCE]) if link.message else b""
    return bytes.fromhex(link.digest) + bytes([link.key_version]) + reference


def _unpack(payload: bytes) -> MailboxLink:
    if len(payload) not in {SIZE + 1, SIZE + 1 + _REFERENCE_BYTES}:
        raise InvalidLinkError
    return MailboxLink(
        digest=AddressDigest(payload[:SIZE].hex()),
        key_version=payload[SIZE],
        message=_text_of(payload[SIZE + 1 :]),
    )
