"""Whose connection it was, without keeping it: the client's address and its short-lived digest (D5, P12)."""

import enum
import hashlib
import hmac
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import NewType, Self

from crm.kernel.errors import InvalidSettingsError

IpAddress = IPv4Address | IPv6Address
IpDigest = NewType("IpDigest", str)
"""32 hex digits; says that two requests of one day and purpose came from one place, and nothing else."""

UNIX = "unix"
"""How a listening unix socket is named in the setting: it has no address, and only a proxy can reach it."""

LONGEST_CHAIN = 2_000  # characters of X-Forwarded-For looked at, from the right; forgers write the left end
IPV6_PREFIX = 64  # bits; one household or office has at least this much to itself

_MOST_MET = 64
_V4 = 0xFFFF_FFFF
_SIXTOFOUR = 0x2002  # the first 16 bits; the next 32 are the IPv4 address
_EMBEDDING = frozenset({0xFFFF, 0x64_FF9B << 64})  # the first 96 bits of v4-mapped and NAT64
_NOT_EMBEDDED = 0xFFFF  # `::` and `::1` have the shape of an embedded IPv4 address and are none


class IpPurpose(enum.StrEnum):
    """What a digest is compared for. Digests of two purposes cannot be linked."""

    OUTREACH = "outreach"
    ANALYTICS = "analytics"
    LIMITS = "limits"


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Our own proxies, and how many of them a request passes before it is here."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False
    hops: int = 1
    """Proxies of ours in a row, 1 to 9; each adds one entry at the right end of X-Forwarded-For."""

    met: set[str] = field(default_factory=set, compare=False, repr=False)
    """Peers that were found to be ours: machines of our own, so no person's address stays in memory."""

    @classmethod
    def parse(cls, names: Iterable[str], *, hops: int = 1) -> Self:
        """Read addresses, networks in CIDR form and `unix`.

        Raises:
            InvalidSettingsError: a name is none of these, or the hops are not 1 to 9.
        """
        wanted = [name.strip() for name in names if name.strip()]
        problems = [] if 1 <= hops <= 9 else ["CRM_PROXY_HOPS: 1 to 9."]
        networks = []
        for name in wanted:
            try:
                networks += [] if name == UNIX else [ip_network(name)]
            except ValueError:
                problems.append(f"CRM_TRUSTED_PROXIES: {name!r} is no address, no network and not 'unix'.")
        if problems:
            raise InvalidSettingsError(problems)
        return cls(tuple(networks), UNIX in wanted, hops)

    def include(self, peer: str, address: IpAddress | None) -> bool:
        """Tell whether what is at the other end of the socket (`peer`, read as `address`) is one of ours."""
        if address is None:
            return self.unix and (not peer or peer.startswith(UNIX))
        if not any(address in network for network in self.networks):
            return False
        if len(self.met) < _MOST_MET:
            self.met.add(peer)
        return True


def client_address(peer: str, forwarded: str | None, trusted: TrustedProxies) -> IpAddress | None:
    """Say where a request came from: the socket's peer, or what our outermost proxy saw.

    Only the N-th entry from the right of X-Forwarded-For was written by a proxy of ours; all left of
    it is what the client chose to send. A chain that is too short or broken there is not believed.

    Args:
        peer: the socket's other end as the server names it; empty for a unix socket.
        forwarded: the header; several of them joined by commas, in order.
        trusted: our proxies.

    Returns:
        None when nobody can say (a unix socket without a usable header).
    """
    own = None if forwarded and peer in trusted.met else parse_address(peer)
    if not forwarded or (peer not in trusted.met and not trusted.include(peer, own)):
        return own
    entries = forwarded[-LONGEST_CHAIN:].split(",")
    seen = parse_address(entries[-trusted.hops]) if len(entries) >= trusted.hops else None
    return seen or own or parse_address(peer)


def parse_address(text: str) -> IpAddress | None:
    """Read an address with or without port, brackets, quotes and zone; IPv4 inside IPv6 is unwrapped."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    bare = bare.partition("%")[0]
    try:  # the system's reader is ten times as fast as `ipaddress`, and as strict
        if ":" in bare:
            return unwrapped(IPv6Address(socket.inet_pton(socket.AF_INET6, bare)))
        return IPv4Address(socket.inet_pton(socket.AF_INET, bare))
    except (OSError, ValueError):
        return None


def unwrapped(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for (mapped, compatible, 6to4, NAT64), or itself."""
    if isinstance(address, IPv4Address):
        return address
    number = int(address)
    if number >> 112 == _SIXTOFOUR:
        return IPv4Address(number >> 80 & _V4)
    front = number >> 32
    if front in _EMBEDDING or (not front and number > _NOT_EMBEDDED):
        return IPv4Address(number & _V4)
    return IPv6Address(number) if address.scope_id else address


def normalised(address: IpAddress) -> bytes:
    """The bytes that are compared: 4 of IPv4, the 8 of the /64 of IPv6."""
    plain = unwrapped(address)
    return plain.packed if isinstance(plain, IPv4Address) else plain.packed[: IPV6_PREFIX // 8]


def ip_digest(address: IpAddress, key: bytes, purpose: IpPurpose) -> IpDigest:
    """Name a place on the net for one day: HMAC-SHA256 under the day's key, cut to 16 bytes.

    All 2^32 addresses are tried in an hour, so only the key keeps this from being read backwards, and
    only until the key is destroyed (`DyingKeys`); afterwards the digest is noise.
    """
    text = purpose.encode() + b"\0" + normalised(address)
    return IpDigest(hmac.digest(key, text, hashlib.sha256)[:16].hex())
