"""Fakes of what is outside. Each passes the same contract suite as the real adapter (tests/contracts/)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm.adapters.wire import fault_of
from crm.delivery.account_ports import AccountFacts, Listed, ListKind, NoAnswer
from crm.delivery.ports import BATCH_LIMIT, Accepted, Envelope, Outcome
from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict
from crm.handoff.ports import Acknowledged, Conflict, HandOver
from crm.replies.ports import InboxLook, Stopping


@dataclass
class MemoryMailer:
    """Takes every message, unless told what to answer for a public id or for everything."""

    sent: list[Envelope] = field(default_factory=list)
    answers: dict[str, Outcome] = field(default_factory=dict)
    answer: Outcome | None = None

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        if len(batch) > BATCH_LIMIT:
            raise ValueError("at most ten messages at once")
        outcomes = [
            fault_of(one)
            or self.answers.get(one.public_id)
            or self.answer
            or Accepted(f"memory-{one.public_id[:8]}")
            for one in batch
        ]
        self.sent += [
            one for one, outcome in zip(batch, outcomes, strict=True) if isinstance(outcome, Accepted)
        ]
        return outcomes

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class MemoryInbox:
    """Inbound mail in a dictionary."""

    mails: dict[str, bytes] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    laid_aside: list[str] = field(default_factory=list)

    def deliver(self, raw: bytes) -> str:
        key = str(len(self.mails) + len(self.kept) + len(self.laid_aside))
        self.mails[key] = raw
        return key

    def unseen(self, limit: int = 100) -> Iterator[tuple[str, bytes]]:
        yield from list(self.mails.items())[:limit]

    def keep(self, key: str) -> bool:
        if self.mails.pop(key, None) is None:
            return False
        self.kept.append(key)
        return True

    def quarantine(self, key: str) -> bool:
        if self.mails.pop(key, None) is None:
            return False
        self.laid_aside.append(key)
        return True

    def wait(self, _seconds: float, _stopping: Stopping) -> bool:
        return False

    @property
    def is_readable(self) -> bool:
        return True

    def look(self) -> InboxLook:
        return InboxLook(works=True, words=f"memory; {len(self.mails)} not read yet")

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class MemoryMailDomains:
    """Every domain takes mail, unless told otherwise."""

    answers: dict[str, DomainAnswer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    names: dict[tuple[str, str], tuple[str, ...] | None] = field(default_factory=dict)

    def records(self, name: str, kind: str) -> tuple[str, ...] | None:
        self.asked.append(name)
        return self.names.get((name, kind), ())

    def look_up(self, domain: str) -> DomainAnswer:
        self.asked.append(domain)
        return self.answers.get(domain, DomainAnswer(DomainVerdict.TAKES_MAIL, DomainFinding.MX))


@dataclass
class MemoryImageService:
    """Keeps leads by id, and answers the same for the same body."""

    leads: dict[str, bytes] = field(default_factory=dict)
    answer: HandOver | None = None
    calls: int = 0

    def hand_over(self, lead_id: str, body: bytes) -> HandOver:
        self.calls += 1
        if self.answer is not None:
            return self.answer
        if self.leads.setdefault(lead_id, body) != body:
            return Conflict("other_body")
        return Acknowledged(f"remote-{lead_id}"[:64])


@dataclass
class MemoryAccount:
    """A provider's account: the messages it has, and its lists."""

    messages: set[tuple[str, str]] = field(default_factory=set)
    lists: dict[ListKind, list[Listed]] = field(default_factory=dict)
    no_answer: NoAnswer | None = None
    odd: set[str] = field(default_factory=set)
    """Addresses over which it refuses the whole request."""

    requests: int = 0
    facts_: AccountFacts | None = None
    asked: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    page: int = 500
    meanwhile: Callable[[], object] = lambda: None
    """What happens while it is asked."""

    def has(self, public_id: str, recipient: str, *, since: datetime) -> bool | NoAnswer:
        assert since.tzinfo is not None
        self.asked.append(public_id)
        self.meanwhile()
        return self.no_answer or (public_id, recipient) in self.messages

    def pages(self, kind: ListKind) -> Iterator[Sequence[Listed] | NoAnswer]:
        if self.no_answer:
            yield self.no_answer
            return
        entries = list(self.lists.get(kind, []))
        yield from (entries[start : start + self.page] for start in range(0, len(entries) + 1, self.page))

    def add(self, addresses: Sequence[str]) -> NoAnswer | None:
        self.requests += 1
        if self.no_answer:
            return self.no_answer
        if not self.odd.isdisjoint(addresses):
            return NoAnswer("answer_400", for_content=True)
        self.added += addresses
        known = self.lists.setdefault(ListKind.UNSUBSCRIBES, [])
        have = {one.address for one in known}
        known += [Listed(one) for one in addresses if one not in have]
        return None

    def facts(self) -> AccountFacts:
        assert self.facts_ is not None
        return self.facts_
