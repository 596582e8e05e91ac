"""Events of providers as rows: each kept once, applied once, parked while its message is not here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Executable, bindparam, delete, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.event_models import EventState, ProviderEvent, ProviderPost
from crm.delivery.event_ports import Report
from crm.delivery.models import Message
from crm.kernel.digests import AddressDigest
from crm.kernel.mail import TrackingMode
from crm.kernel.prepared import Prepared, one_of

PARKED_FOR: Final = timedelta(days=90)
"""How long an event waits for a message that never comes."""

POSTS_KEPT: Final = timedelta(hours=26)
"""Longer than a signature is believed."""

_events = ProviderEvent.metadata.tables["provider_events"]
_posts = ProviderPost.metadata.tables["provider_posts"]
_messages = Message.metadata.tables["messages"]
_e, _m = _events.c, _messages.c
# Literally as in the partial indexes: for a parameter the database cannot know that they fit.
_IS_RECEIVED: Final = text("provider_events.state = 'received'")
_IS_PARKED: Final = text("provider_events.state = 'parked'")
_KEPT = (
    "message_id", "reference", "digest", "names", "kind", "code", "happened_at", "heard_at", "state",
    "event_key", "dedupe_key",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be kept. Neither an address nor a server's words are in it."""

    kind: Report | str
    code: str = ""
    happened_at: datetime
    dedupe_key: str
    event_key: str | None = None
    reference: str = ""
    message_id: int | None = None
    """For one that is applied already, by whoever keeps it."""

    digest: AddressDigest | None = None
    names: Sequence[tuple[AddressDigest, int]] = field(default=())
    """All spellings of the mailbox, for a no."""


class Waiting(NamedTuple):
    """An event that was not applied yet."""

    id: int
    kind: str
    code: str
    happened_at: datetime
    reference: str
    digest: AddressDigest | None
    names: dict[str, Any]


class About(NamedTuple):
    """The message an event is about."""

    id: int
    public_id: str
    prospect_id: int | None
    enrolment_id: int | None
    mailbox_id: int
    address_digest: AddressDigest
    tracking: TrackingMode
    pixel_id: str | None


def _insert_event(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(_events).values({name: bindparam(name) for name in _KEPT}).on_conflict_do_nothing()


def _insert_post(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return (
        insert(_posts).values(digest=bindparam("digest"), taken_at=bindparam("now")).on_conflict_do_nothing()
    )


_INSERT = Prepared(_insert_event)
_TAKE_POST = Prepared(_insert_post)
_WAITING = (_e.id, _e.kind, _e.code, _e.happened_at, _e.reference, _e.digest, _e.names)
_RECEIVED = Prepared(
    select(*_WAITING)
    .where(_IS_RECEIVED, _e.id > bindparam("after"))
    .order_by(_e.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_FOUND = Prepared(
    select(*_WAITING)
    .join(_messages, _m.public_id == _e.reference)
    .where(_IS_PARKED, _e.reference > "")
    # As the index of parked ones is: in another order the whole table would be walked, every second.
    .order_by(_e.reference, _e.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=_events)
)
_ABOUT = Prepared(
    select(
        _m.id, _m.public_id, _m.prospect_id, _m.enrolment_id, _m.mailbox_id, _m.address_digest, _m.tracking,
        _m.pixel_id,
    ).where(one_of(_m.public_id, "names"))
)  # fmt: skip
_APPLIED = Prepared(
    update(_events)
    .where(one_of(_e.id, "ids"), _m.public_id == _e.reference)
    .values(
        state=EventState.APPLIED,
        message_id=_m.id,
        digest=None,
        names=bindparam("none", type_=_e.names.type),
    )
)
_REDUCED = Prepared(update(_events).where(one_of(_e.id, "ids")).values(kind=bindparam("became"), code=""))
_PARK = Prepared(
    update(_events)
    .where(_e.id == bindparam("event"))
    .values(state=EventState.PARKED, names=bindparam("none", type_=_e.names.type))
)


def take_post(session: Session, digest: str, *, real_now: datetime) -> bool:
    """Note that a signed post is taken; False when it was before."""
    return _TAKE_POST.run(session, digest=digest, now=real_now) == 1


def was_taken(session: Session, digest: str) -> bool:
    """Tell whether a post was taken, without writing anything."""
    return session.scalar(select(_posts.c.digest).where(_posts.c.digest == digest)) is not None


def keep(session: Session, events: Sequence[NewEvent], *, at: datetime) -> int:
    """Keep what is news; how many. Either name makes an event known: the provider's, or what it says."""
    rows = [_row(event, at) for event in events]
    # In one order, so that two posts with the same events do not wait for each other.
    rows.sort(key=lambda row: row["dedupe_key"])
    return _INSERT.many(session, rows)


def any_received(session: Session) -> bool:
    """Tell whether there is something to apply."""
    return session.scalar(select(_e.id).where(_IS_RECEIVED).limit(1)) is not None


def received(session: Session, *, most: int, after: int = 0) -> list[Waiting]:
    """What came and was not looked at, oldest first, for this transaction alone."""
    return [Waiting(*row) for row in _RECEIVED.rows(session, most=most, after=after)]


def found(session: Session, *, most: int) -> list[Waiting]:
    """Parked events whose message has appeared, for this transaction alone."""
    return [Waiting(*row) for row in _FOUND.rows(session, most=most)]


def about(session: Session, references: Collection[str]) -> dict[str, About]:
    """The messages behind public ids; ids without one are left out."""
    names = [one for one in dict.fromkeys(references) if one]
    return {row[1]: About(*row) for row in _ABOUT.rows(session, names=names)} if names else {}


def applied(session: Session, event_ids: Sequence[int], *, reduced: Collection[int] = ()) -> None:
    """These are done with: they hang on their message now, and name nobody themselves.

    Of those that are `reduced` it stays only that their message left.
    """
    if event_ids:
        _APPLIED.run(session, ids=list(event_ids), none={})
    if reduced:
        _REDUCED.run(session, ids=list(reduced), became=Report.PROCESSED.value)


def park(session: Session, event_ids: Collection[int]) -> None:
    """These wait for their message. A no that came with one of them is in the register by now."""
    _PARK.many(session, [{"event": one, "none": {}} for one in event_ids])


def forget(session: Session, *, at: datetime, real_now: datetime) -> int:
    """Let go of what waited in vain, and of posts that are too old to come again; how many rows."""
    late = (
        delete(_events).where(_e.state == EventState.PARKED, _e.heard_at < at - PARKED_FOR).returning(_e.id)
    )
    old = delete(_posts).where(_posts.c.taken_at < real_now - POSTS_KEPT).returning(_posts.c.digest)
    return len(session.scalars(late).all()) + len(session.scalars(old).all())


def _row(event: NewEvent, at: datetime) -> dict[str, Any]:
    done = event.message_id is not None
    return {
        "message_id": event.message_id,
        "reference": event.reference,
        "digest": event.digest,
        "names": {"keys": [list(key) for key in event.names]} if event.names else {},
        "kind": str(event.kind),
        "code": event.code[:64],
        "happened_at": min(event.happened_at, at),
        "heard_at": at,
        "state": EventState.APPLIED if done else EventState.RECEIVED,
        "event_key": event.event_key,
        "dedupe_key": event.dedupe_key,
    }
