"""Digests that name an address or a domain without showing it (D7)."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import NewType, Self

from crm.kernel.addresses import EmailAddress

AddressDigest = NewType("AddressDigest", str)
"""32 hex digits: HMAC-SHA256 under a key that is kept outside the database, cut to 128 bits."""

SIZE = 16  # bytes


class AddressKeys:
    """The versioned keys behind every address digest.

    A plain hash of an address is guessed in minutes; without the key these are not. Old versions
    stay for ever: a refusal digested under one must still be found.
    """

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """Take keys by version, 1 to 255; the highest is the one in use."""
        if not keys or not all(0 < version < 256 for version in keys):
            raise ValueError("address keys are numbered 1 to 255, and there is at least one")
        self._keys = dict(sorted(keys.items(), reverse=True))
        self.version = max(keys)

    def handed_on(self) -> dict[str, str]:
        """The keys by version, in hex: for another process of ours, through a pipe and nowhere else."""
        return {str(version): key.hex() for version, key in self._keys.items()}

    @classmethod
    def received(cls, keys: Mapping[str, str]) -> Self:
        """What `handed_on` gave."""
        return cls({int(version): bytes.fromhex(key) for version, key in keys.items()})

    @property
    def versions(self) -> tuple[int, ...]:
        """Newest first."""
        return tuple(self._keys)

    def digest(self, address: EmailAddress) -> AddressDigest:
        """Name a mailbox by its identity under the newest key."""
        return self._mac(self._keys[self.version], "address", address.identity)

    def digests(self, address: EmailAddress) -> tuple[AddressDigest, ...]:
        """All names under which a refusal of this mailbox may stand: every spelling, every key."""
        spellings = address.spellings
        if len(spellings) == 1 == len(self._keys):
            return (self.digest(address),)
        return tuple(self._mac(key, "address", text) for key in self._keys.values() for text in spellings)

    def domain_digests(self, domain: str) -> tuple[AddressDigest, ...]:
        """The names of a registrable domain under every key, newest first."""
        return tuple(self._mac(key, "domain", domain) for key in self._keys.values())

    @staticmethod
    def _mac(key: bytes, kind: str, text: str) -> AddressDigest:
        mac = hmac.digest(key, f"{kind}\0{text}".encode(), hashlib.sha256)
        return AddressDigest(mac[:SIZE].hex())
