"""Write to and ask the register of refusals. Nothing here takes one back or shortens it (D7, I13)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.ids import new_public_id
from crm.privacy.journal import Line
from crm.privacy.models import Refusal, RefusalKey, RefusalReason, RefusalScope

Key = tuple[AddressDigest, int]
"""A digest, and the version of the address key it was made with."""

_AT_ONCE: Final = 500  # references in one query

STOPS_MAIL: Final = frozenset({RefusalScope.ADDRESS, RefusalScope.DOMAIN})
"""Scopes that end outreach altogether."""

STOPS_MEASURING: Final = STOPS_MAIL | {RefusalScope.MEASURING}
"""Scopes under which an old pixel writes nothing (D4, P20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person told us, and how."""

    scope: RefusalScope
    reason: RefusalReason
    channel: str
    """`one_click`, `page`, `form`, `reply`, `hook`, `staff` or `journal`."""

    at: datetime
    """When they told us."""

    scope_id: int | None = None
    """The sequence, for that scope."""

    until: datetime | None = None
    """The end of a snooze."""

    message: str = ""
    """Reference of the mail whose link was used."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A refusal that holds."""

    id: int
    reference: str
    scope: RefusalScope
    scope_id: int | None
    reason: RefusalReason
    until: datetime | None
    refused_at: datetime

    def holds_at(self, now: datetime) -> bool:
        """A snooze ends; nothing else does."""
        return self.scope is not RefusalScope.SNOOZE or self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the register answers to a wish."""

    refusal: Standing
    is_news: bool
    """False when the same was on record before; the older entry is then the answer."""


def keys_of(ring: AddressKeys, address: EmailAddress) -> tuple[Key, ...]:
    """All names of a mailbox with their key versions: every spelling under every key."""
    digests = ring.digests(address)
    share = len(digests) // len(ring.versions)
    return tuple((digest, ring.versions[place // share]) for place, digest in enumerate(digests))


def domain_keys_of(ring: AddressKeys, domain: str) -> tuple[Key, ...]:
    """All names of a registrable domain with their key versions."""
    return tuple(zip(ring.domain_digests(domain), ring.versions, strict=True))


def record(session: Session, keys: Sequence[Key], wish: Wish, *, reference: str = "") -> Recorded:
    """Write a wish down under all these names. Saying it twice is the same as saying it once.

    Args:
        session: the caller's transaction.
        keys: at least one; a mailbox's spellings, or a domain's digests.
        wish: what was said.
        reference: the public name of an entry that is replayed from the journal.
    """
    if not keys:
        raise ValueError("a refusal without a digest would cover nobody")
    known = _same(session, [digest for digest, _ in keys], wish)
    if known is not None:
        return Recorded(known, is_news=False)
    row = Refusal(
        public_id=reference or new_public_id(),
        scope=wish.scope,
        scope_id=wish.scope_id,
        reason=wish.reason,
        channel=wish.channel,
        until=wish.until,
        message=wish.message,
        refused_at=wish.at,
    )
    session.add(row)
    session.flush()
    names = [{"digest": d, "refusal_id": row.id, "key_version": v} for d, v in dict(keys).items()]
    session.execute(insert(RefusalKey), names)
    return Recorded(_standing(row), is_news=True)


def standing(session: Session, digests: Iterable[AddressDigest]) -> list[Standing]:
    """Everything that was refused under any of these names and not lifted, oldest first.

    Give all spellings of a mailbox and, for its company, the domain's digests. Snoozes that are over
    are among them: ask `holds_at`.
    """
    covered = select(RefusalKey.refusal_id).where(RefusalKey.digest.in_(list(digests)))
    query = select(Refusal).where(Refusal.id.in_(covered), Refusal.lifted_at.is_(None))
    return [_standing(row) for row in session.scalars(query.order_by(Refusal.refused_at, Refusal.id))]


def known_among(session: Session, references: Sequence[str]) -> set[str]:
    """Those entries of the journal that are in the register."""
    known: set[str] = set()
    for start in range(0, len(references), _AT_ONCE):
        some = references[start : start + _AT_ONCE]
        known.update(session.scalars(select(Refusal.public_id).where(Refusal.public_id.in_(some))))
    return known


def line(recorded: Recorded, keys: Sequence[Key], wish: Wish) -> Line:
    """The entry as the journal keeps it."""
    return Line(
        reference=recorded.refusal.reference,
        scope=wish.scope,
        scope_id=wish.scope_id,
        reason=wish.reason,
        channel=wish.channel,
        until=wish.until.isoformat() if wish.until else None,
        refused_at=wish.at.isoformat(),
        message=wish.message,
        keys=list(dict(keys).items()),
    )


def wish_of(kept: Line) -> tuple[list[Key], Wish]:
    """What a line of the journal says.

    Raises:
        ValueError: the line is from another program, or damaged.
    """
    wish = Wish(
        scope=RefusalScope(kept.scope),
        reason=RefusalReason(kept.reason),
        channel=kept.channel,
        at=datetime.fromisoformat(kept.refused_at),
        scope_id=kept.scope_id,
        until=datetime.fromisoformat(kept.until) if kept.until else None,
        message=kept.message,
    )
    return [(AddressDigest(digest), version) for digest, version in kept.keys], wish


def _same(session: Session, digests: Sequence[AddressDigest], wish: Wish) -> Standing | None:
    """An entry that already says at least as much, for every one of the names."""
    wanted = set(digests)
    known: Any = [
        Refusal.scope == wish.scope,
        Refusal.reason == wish.reason,
        Refusal.scope_id == wish.scope_id if wish.scope_id is not None else Refusal.scope_id.is_(None),
        Refusal.lifted_at.is_(None),
    ]
    if wish.until is not None:
        known.append(Refusal.until >= wish.until)
    covered = (
        select(RefusalKey.refusal_id)
        .where(RefusalKey.digest.in_(wanted))
        .group_by(RefusalKey.refusal_id)
        .having(func.count() == len(wanted))
    )
    query = select(Refusal).where(Refusal.id.in_(covered), *known).order_by(Refusal.id).limit(1)
    row = session.scalar(query)
    return _standing(row) if row else None


def _standing(row: Refusal) -> Standing:
    return Standing(row.id, row.public_id, row.scope, row.scope_id, row.reason, row.until, row.refused_at)
