"""What providers report of messages, and how far we are with what they know."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, Retention, no_person, subject

_PARKED = text("state = 'parked'")
_RECEIVED = text("state = 'received'")


class EventState(enum.StrEnum):
    """How far we are with an event. Kept comes before answered for, applied after it."""

    RECEIVED = "received"
    PARKED = "parked"
    """About a message that is not here: applied when it appears."""

    APPLIED = "applied"


class ProviderEvent(Base):
    """What a provider or a bounce said about a message; each is kept once, whatever it is called."""

    __tablename__ = "provider_events"
    __about__ = (Path("message_id", "messages"), Path("digest", digest=True))
    __table_args__ = (
        Index("ix_provider_events_received", "id", sqlite_where=_RECEIVED, postgresql_where=_RECEIVED),
        Index("ix_provider_events_parked", "reference", sqlite_where=_PARKED, postgresql_where=_PARKED),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True, info=subject("about which message")
    )
    reference: Mapped[str] = mapped_column(
        String(26), default="", info=subject("what the provider says is the message's public id")
    )
    digest: Mapped[AddressDigest | None] = mapped_column(
        String(32), index=True, info=subject("whose mailbox it named; empty once the message is found")
    )
    names: Mapped[dict[str, Any]] = mapped_column(
        default=dict, info=subject("every spelling as a digest, until their no is in the register")
    )
    kind: Mapped[str] = mapped_column(String(32), info=subject("what happened"))
    code: Mapped[str] = mapped_column(String(64), default="", info=subject("enhanced status or reason"))
    happened_at: Mapped[datetime] = mapped_column(info=subject("when, never later than we heard of it"))
    heard_at: Mapped[datetime] = mapped_column(info=subject("when we heard of it"))
    state: Mapped[EventState] = mapped_column(
        default=EventState.RECEIVED, info=subject("how far we are with it")
    )
    event_key: Mapped[str | None] = mapped_column(
        String(64), unique=True, info=no_person("the provider's own name for it, hashed")
    )
    dedupe_key: Mapped[str] = mapped_column(
        String(64),
        unique=True,
        info=no_person("hash of what it says: said twice under two names is said once"),
    )


class ProviderPost(Base):
    """A signed post that was taken: the same bytes and stamp are not taken again."""

    __tablename__ = "provider_posts"
    __about__ = None

    digest: Mapped[str] = mapped_column(
        String(64), primary_key=True, info=no_person("SHA-256 of stamp and body", keep=Retention.SHORT)
    )
    taken_at: Mapped[datetime] = mapped_column(
        index=True, info=no_person("when, in real time", keep=Retention.SHORT)
    )


class MessageLookup(Base):
    """How often a provider was asked about a message of which we do not know whether it left."""

    __tablename__ = "message_lookups"
    __about__ = Path("message_id", "messages")

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, info=subject("about which message")
    )
    tries: Mapped[int] = mapped_column(default=0, info=subject("answers so far that did not know it"))
    next_at: Mapped[datetime] = mapped_column(index=True, info=subject("when to ask again, in real time"))


class ProviderSync(Base):
    """How far our register and a provider's lists have been told to each other."""

    __tablename__ = "provider_syncs"
    __about__ = None

    name: Mapped[str] = mapped_column(String(32), primary_key=True, info=no_person("which direction"))
    position: Mapped[int] = mapped_column(default=0, info=no_person("the last refusal that was looked at"))
    next_at: Mapped[datetime] = mapped_column(info=no_person("when it is due again, in real time"))
    detail: Mapped[dict[str, Any]] = mapped_column(
        default=dict,
        info=no_person("counts of the last run, which refusals were looked at, whom they do not take"),
    )
