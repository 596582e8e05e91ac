"""One list of a mail provider, page by page: what it knows of people is kept here as well."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.account_ports import Listed, ListKind
from crm.kernel.addresses import EmailAddress
from crm.kernel.bulk import one_of
from crm.kernel.digests import AddressDigest
from crm.kernel.errors import InvalidAddressError
from crm.permission.terms import AddressState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish, keys_of
from crm.prospects.models import Prospect
from crm.queries.keeping.refused import covered_among
from crm.replies import bounces
from crm.replies.folding import fold
from crm.replies.verdicts import Hardness, Sub
from crm.workflows.refusals.refuse import Desk, Mailbox, write
from crm.workflows.reports.note_bounce import Returned, address_is_dead

NOES_AT_ONCE: Final = 20
"""In one transaction: each is flushed to the journal's disk."""

_NOES: Final = {
    ListKind.SPAM_REPORTS: RefusalReason.COMPLAINT,
    ListKind.UNSUBSCRIBES: RefusalReason.UNSUBSCRIBE,
    ListKind.GROUPS: RefusalReason.UNSUBSCRIBE,
}
_DEAD: Final = {ListKind.BOUNCES: AddressState.BOUNCED, ListKind.INVALID: AddressState.INVALID}
_ALIVE: Final = frozenset({AddressState.UNPROVEN, AddressState.WORKS, AddressState.BOUNCING})


@dataclass(frozen=True, slots=True)
class Difference:
    """Somebody whom only one side knew."""

    kind: ListKind | None
    """The list of theirs; None: our register."""

    address: str


@dataclass(slots=True)
class Taken:
    """What a page brought."""

    identities: set[AddressDigest] = field(default_factory=set)
    differences: list[Difference] = field(default_factory=list)
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    address: EmailAddress
    listed: Listed


class TakeIn:
    """Goes through one list."""

    def __init__(self, desk: Desk, kind: ListKind, *, now: datetime, looking: bool) -> None:
        """`looking`: change nothing, only say."""
        self._desk = desk
        self._kind = kind
        self._now = now
        self._looking = looking

    def page(self, page: Sequence[Listed]) -> Taken:
        """Take a page in, in short transactions of its own."""
        entries = [_Entry(address, one) for one in page if (address := _address(one.address)) is not None]
        taken = Taken(unreadable=len(page) - len(entries))
        taken.identities = {self._desk.ring.digest(one.address) for one in entries}
        if self._kind in _NOES:
            fresh = self._unrefused(entries)
            for start in range(0, len(fresh), NOES_AT_ONCE):
                self._refuse(fresh[start : start + NOES_AT_ONCE])
        elif self._kind in _DEAD:
            fresh = self._bury([one for one in entries if _is_dead(self._kind, one.listed)])
        else:
            fresh = []  # a block is no suppression: they try again themselves
        taken.differences = [Difference(self._kind, str(one.address)) for one in fresh]
        return taken

    def _unrefused(self, entries: Iterable[_Entry]) -> list[_Entry]:
        ring = self._desk.ring
        named = {one: ring.digests(one.address) for one in entries}
        every = {digest for digests in named.values() for digest in digests}
        with self._desk.database.reading() as session:
            covered = covered_among(session, every)
        return [one for one, digests in named.items() if covered.isdisjoint(digests)]

    def _refuse(self, entries: Sequence[_Entry]) -> None:
        if self._looking:
            return
        with self._desk.database.transaction() as session:
            for one in entries:
                wish = Wish(
                    scope=RefusalScope.ADDRESS,
                    reason=_NOES[self._kind],
                    channel="hook",
                    at=min(one.listed.since or self._now, self._now),
                )
                mailbox = Mailbox(keys_of(self._desk.ring, one.address))
                write(session, self._desk, mailbox, wish, by=chain.PERSON)

    def _bury(self, entries: Sequence[_Entry]) -> list[_Entry]:
        """Mark the prospects who have one of these addresses; those that were news.

        Whoever answered since it bounced is alive, whatever the list says.
        """
        by_digest = {self._desk.ring.digest(one.address): one for one in entries}
        with self._desk.database.reading() as session:
            found = self._living(session, by_digest)
        if found and not self._looking:
            with self._desk.database.transaction() as session:
                for prospect_id, _ in self._living(session, by_digest):
                    mail = Returned("", prospect_id, None)
                    address_is_dead(session, mail, _DEAD[self._kind], now=self._now)
        return [by_digest[digest] for _, digest in found]

    def _living(
        self, session: Session, entries: dict[AddressDigest, _Entry]
    ) -> list[tuple[int, AddressDigest]]:
        if not entries:
            return []
        query = select(Prospect.id, Prospect.address_digest, Prospect.last_reply_at).where(
            one_of(session, Prospect.address_digest, set(entries)),
            Prospect.address_state.in_([state.value for state in _ALIVE]),
        )
        return [
            (row.id, row.address_digest)
            for row in session.execute(query)
            if row.last_reply_at is None
            or (since := entries[row.address_digest].listed.since) is None
            or row.last_reply_at < since
        ]


def _is_dead(kind: ListKind, one: Listed) -> bool:
    """Bounced for good: what their server said, and where it said nothing, that the provider gave it up."""
    if kind is ListKind.INVALID:
        return True
    code, sub, hardness = bounces.judge(one.status, fold(one.words))
    return hardness is Hardness.HARD or (not code and sub is Sub.SYSTEM)


def _address(text: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(text)
    except (InvalidAddressError, UnicodeError):
        return None
