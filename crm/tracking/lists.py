"""The lists by which machines are told from people, read from a data file because they age."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from ipaddress import IPv4Address, IPv6Network, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from crm.kernel.errors import InvalidSettingsError
from crm.tracking.addresses import IpAddress

SHIPPED = Path(__file__).with_name("machines.toml")

_V4_OFFSET = 0xFFFF << 32  # IPv4 is looked up at its mapped place in IPv6: one table for both


@dataclass(frozen=True, slots=True)
class Networks:
    """Ranges of addresses and whose they are; they must not overlap."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, ranges: dict[str, list[str]]) -> Self:
        """Read named lists of networks in CIDR form."""
        rows = sorted((*_bounds(cidr), name) for name, cidrs in ranges.items() for cidr in cidrs)
        if any(this[1] >= following[0] for this, following in pairwise(rows)):
            raise InvalidSettingsError(["two networks in the list of machines overlap"])
        starts, ends, names = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(starts, ends, names)

    def name_of(self, address: IpAddress | None) -> str:
        """Whose network this is; empty when it is nobody's we know."""
        if address is None:
            return ""
        number = int(address) + (_V4_OFFSET if isinstance(address, IPv4Address) else 0)
        place = bisect_right(self.starts, number) - 1
        return self.names[place] if place >= 0 and number <= self.ends[place] else ""


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Everything the classifier compares with. Two readings of one file are two lists."""

    ignored: frozenset[tuple[str, str]]
    """Header name and word in it, both lower case."""

    scanners: re.Pattern[str]
    machines: re.Pattern[str]
    readers: re.Pattern[str]
    """Words taken out of a user agent first: they only look like one of `machines`."""

    prefetchers: re.Pattern[str]
    proxies: re.Pattern[str]
    bare: frozenset[str]
    networks: Networks
    after_accept: float
    to_page: float
    crowd_window: float
    crowd_recipients: int
    oldest: date
    """The day on which the list that was checked longest ago was checked."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file of the form of `machines.toml`.

        Raises:
            InvalidSettingsError: a section is missing, or two networks overlap.
        """
        try:
            with path.open("rb") as file:
                found = tomllib.load(file)
            return cls._of(found)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidSettingsError(
                [f"the list of machines is not usable: {type(error).__name__}"]
            ) from error

    @classmethod
    def _of(cls, found: dict[str, Any]) -> Self:
        timing = found["timing"]
        networks = {name: ranges for name, ranges in found["networks"].items() if isinstance(ranges, list)}
        return cls(
            ignored=frozenset((name, word) for name, word in found["ignore"]["headers"]),
            scanners=_any_of(found["scanner_agents"]["words"]),
            machines=_any_of(found["machine_agents"]["words"]),
            readers=_any_of(found["machine_agents"]["but_not"]),
            prefetchers=_any_of(found["prefetch_agents"]["words"]),
            proxies=_any_of(found["proxy_agents"]["words"]),
            bare=frozenset(found["bare_agents"]["exactly"]),
            networks=Networks.of(networks),
            after_accept=float(timing["after_accept"]),
            to_page=float(timing["to_page"]),
            crowd_window=float(timing["crowd_window"]),
            crowd_recipients=int(timing["crowd_recipients"]),
            oldest=min(section["checked"] for section in found.values()),
        )


@cache
def shipped() -> Lists:
    """The lists that come with the program."""
    return Lists.read(SHIPPED)


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word.lower()) for word in words))


def _bounds(cidr: str) -> tuple[int, int]:
    network = ip_network(cidr)
    offset = 0 if isinstance(network, IPv6Network) else _V4_OFFSET
    return int(network.network_address) + offset, int(network.broadcast_address) + offset
