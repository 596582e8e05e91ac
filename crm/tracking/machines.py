"""Person or machine: what fetched a pixel, judged before the connection's address is forgotten (D4).

Only ever shown and counted. Nothing that decides about mail may read an opening (P15).
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from crm.tracking.addresses import IpAddress, IpDigest
from crm.tracking.lists import Lists, shipped
from crm.tracking.models import OpeningClass

LONGEST_AGENT = 256  # characters that are stored (P13), and looked at
HEADERS: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz", "sec-gpc", "dnt")
"""The request headers `classify` asks for; hand it these, lower case, and no others."""

_CROWD_MEMORY = 50_000  # fetches remembered at most; the window is a minute


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known about a fetch beside the request itself."""

    network: str = ""
    """`network_of` the client's address: google, apple, scanner, or empty."""

    crowded: bool = False
    """Several recipients of one step were fetched from this place within a minute (`Crowd`)."""


def network_of(address: IpAddress | None, lists: Lists | None = None) -> str:
    """Whose network an address is in, where that decides something; otherwise empty."""
    return (lists or shipped()).networks.name_of(address)


def classify(
    method: str,
    headers: Mapping[str, str],
    user_agent: str,
    seconds_since_accept: float | None,
    hints: Hints,
    lists: Lists | None = None,
) -> OpeningClass | None:
    """Say what fetched the pixel.

    Args:
        method: of the request; a HEAD reads nothing.
        headers: those named in `HEADERS`, with lower-case names.
        user_agent: as sent, any length.
        seconds_since_accept: since the recipient's server took the message; None when that is not known,
            which is not held against the reader.
        hints: what the place on the net tells.
        lists: other lists than the shipped ones.

    Returns:
        None when nothing may be stored: not a GET, fetched ahead, or measuring is objected to.
    """
    known = lists or shipped()
    if method != "GET" or any(word in headers.get(name, "").lower() for name, word in known.ignored):
        return None
    agent = user_agent[:LONGEST_AGENT].strip().lower()
    by_agent = _by_agent(agent, hints.network, known)
    if by_agent is OpeningClass.PROXY and hints.network == "scanner":
        return OpeningClass.SCANNER
    if by_agent is not None and by_agent is not OpeningClass.PROXY:
        return by_agent
    # Faster than people are; a fetch before the acceptance was noted as well, however early.
    if seconds_since_accept is not None and seconds_since_accept < known.after_accept:
        return OpeningClass.SCANNER
    # A proxy serves everybody at a provider: many recipients at once are no sign there.
    if hints.crowded and by_agent is None:
        return OpeningClass.SCANNER
    return by_agent or OpeningClass.PERSON


@lru_cache(maxsize=4_096)  # of the same few hundred mail programs; no addresses in it
def _by_agent(agent: str, network: str, known: Lists) -> OpeningClass | None:
    """What the user agent and the network say on their own."""
    if network == "scanner" or known.scanners.search(agent):
        return OpeningClass.SCANNER
    if known.proxies.search(agent):
        return OpeningClass.PROXY
    is_program = known.machines.search(known.readers.sub("", agent))
    if not agent or agent in known.bare or network == "apple" or is_program:
        return OpeningClass.MACHINE
    if network == "google" and known.prefetchers.search(agent):
        return OpeningClass.MACHINE
    return None


@dataclass(slots=True)
class Crowd:
    """Remembers, for a minute and in memory only, which recipients of a step one place fetched for.

    A gateway opens the mails of a whole company at once; the first ones were taken for people by then.
    """

    window: timedelta = field(default_factory=lambda: timedelta(seconds=shipped().crowd_window))
    recipients: int = field(default_factory=lambda: shipped().crowd_recipients)
    _seen: deque[tuple[datetime, tuple[IpDigest, int], int]] = field(default_factory=deque)
    _groups: dict[tuple[IpDigest, int], dict[int, int]] = field(default_factory=dict)

    def seen(self, place: IpDigest, step: int, message: int, at: datetime) -> frozenset[int]:
        """Note one fetch; return the messages of the step whose openings were no person's.

        Empty while too few recipients came from this place within the window.
        """
        self._forget(at - self.window)
        group = (place, step)
        counts = self._groups.setdefault(group, {})
        counts[message] = counts.get(message, 0) + 1
        self._seen.append((at, group, message))
        return frozenset(counts) if len(counts) >= self.recipients else frozenset()

    def _forget(self, before: datetime) -> None:
        while self._seen and (self._seen[0][0] < before or len(self._seen) >= _CROWD_MEMORY):
            _, group, message = self._seen.popleft()
            counts = self._groups[group]
            counts[message] -= 1
            if not counts[message]:
                del counts[message]
            if not counts:
                del self._groups[group]
