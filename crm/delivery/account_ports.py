"""What the delivery room asks of a provider's account: does it have a message, whom does it not write to?"""

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody can tell now."""

    reason: str
    """A word of our own: `unreachable`, `throttled`, `not_allowed`, `answer_…`, `unreadable_answer`."""

    retry_after: timedelta | None = None
    """When the provider named a time."""

    for_content: bool = False
    """It did answer, and refuses what stands in this very request: another one may be taken."""

    @property
    def wait(self) -> timedelta:
        """How long to leave the provider alone: a key that may not do it will not soon be another one."""
        least = timedelta(hours=1) if self.reason == "not_allowed" else timedelta(minutes=5)
        return max(self.retry_after or least, least)


class SentLookup(Protocol):
    """Asks a provider whether it has a message. Never to be called inside a transaction."""

    def has(self, public_id: str, recipient: str, *, since: datetime) -> bool | NoAnswer:
        """True: it has it, under this very id. False: it does not know it, which proves nothing.

        Within 30 seconds, whatever happens.
        """
        ...


class ListKind(enum.StrEnum):
    """Why a provider does not write to somebody."""

    BOUNCES = "bounces"
    BLOCKS = "blocks"
    """Refused once; the provider does try again."""

    INVALID = "invalid"
    SPAM_REPORTS = "spam_reports"
    UNSUBSCRIBES = "unsubscribes"
    GROUPS = "groups"
    """Unsubscribed from one of the provider's groups."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a list. Holds an address, so it stays in memory."""

    address: str
    since: datetime | None = None
    status: str = ""
    words: str = ""


class SuppressionLists(Protocol):
    """A provider's lists. Nothing here takes an entry off one."""

    def pages(self, kind: ListKind) -> Iterator[Sequence[Listed] | NoAnswer]:
        """The list, some hundred at once; a `NoAnswer` stands for what cannot be told of it."""
        ...

    def add(self, addresses: Sequence[str]) -> NoAnswer | None:
        """Put addresses on the list of those who want no mail at all, at most 500; twice is once."""
        ...


@dataclass(frozen=True, slots=True)
class HookFacts:
    """One webhook of the account."""

    url: str
    enabled: bool
    kinds: frozenset[str]
    """The kinds of events it is told, in our words (`Report`)."""

    key: str
    """Its public key as the console shows it; empty while it is not signed."""


@dataclass(frozen=True, slots=True)
class DnsWanted:
    """A record that the provider wants to see."""

    host: str
    type: str
    """CNAME, TXT or MX."""

    value: str
    purpose: str
    """`return path`, `DKIM` or `SPF`."""


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """A domain that the account may send for."""

    domain: str
    valid: bool
    records: tuple[DnsWanted, ...]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What the account says of itself."""

    scopes: frozenset[str]
    trackers: Mapping[str, bool]
    """By name: click, open, subscription, google_analytics; whether it is on."""

    hooks: tuple[HookFacts, ...]
    domains: tuple[DomainFacts, ...]
    skew: timedelta | None
    """How far the provider's clock is ahead of ours, to the second."""

    reads_logs: bool
    """The key may look messages up."""

    reads_lists: bool
    """The key may read the lists."""

    unknown: Mapping[str, NoAnswer]
    """Which of these could not be asked, by the name of the field, and why."""


class ProviderAccount(SentLookup, SuppressionLists, Protocol):
    """The whole of it."""

    def facts(self) -> AccountFacts:
        """Ask for everything; what cannot be asked is named as unknown. Within a minute."""
        ...
