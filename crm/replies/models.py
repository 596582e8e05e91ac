"""Inbound mail."""

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, Retention, no_person, staff_data, subject


class InboundState(enum.StrEnum):
    """How far we are with an inbound mail. Stored comes before answered for."""

    RECEIVED = "received"
    UNDERSTOOD = "understood"
    QUARANTINED = "quarantined"
    """Cannot be read; kept, and shown to a person."""

    HANDLED = "handled"
    """A person has dealt with it."""


class InboundMail(Base):
    """One mail as it came in, and what we made of it."""

    __tablename__ = "inbound_mails"
    __about__ = (Path("prospect_id"), Path("sender_digest", digest=True))
    __table_args__ = (
        Index("ix_inbound_mails_state_received_at", "state", "received_at"),
        Index("ix_inbound_mails_essence", "essence", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    digest: Mapped[str] = mapped_column(
        String(64), unique=True, info=no_person("SHA-256 of the bytes: the same mail twice is one mail")
    )
    essence: Mapped[str | None] = mapped_column(
        String(64),
        info=no_person("SHA-256 of what its writer made: a copy that came another way is no other"),
    )
    raw: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=subject("as received, without end of 14 days", keep=Retention.INBOUND)
    )
    state: Mapped[InboundState] = mapped_column(
        default=InboundState.RECEIVED, info=subject("how far we are with it")
    )
    kind: Mapped[str] = mapped_column(
        String(32), default="", info=subject("bounce, automatic, opt-out, person…")
    )
    sub: Mapped[str] = mapped_column(
        String(32),
        default="",
        info=subject("which one of its kind: not now, mailbox full, left the company…"),
    )
    until: Mapped[date | None] = mapped_column(info=subject("the day they are back, or want to hear from us"))
    evidence: Mapped[str] = mapped_column(
        String(200), default="", info=subject("which rule told so; no text")
    )
    prospect_id: Mapped[int | None] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("from whom")
    )
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True, info=subject("answer to which message")
    )
    matched_by: Mapped[str] = mapped_column(
        String(16), default="", info=subject("token, thread, recipient, domain or sender")
    )
    sender_digest: Mapped[AddressDigest | None] = mapped_column(
        String(32), index=True, info=subject("from which mailbox")
    )
    subject_line: Mapped[str] = mapped_column(String(998), default="", info=subject("what they wrote"))
    text: Mapped[str] = mapped_column(Text, default="", info=subject("what they wrote, without quotes"))
    message_header: Mapped[str] = mapped_column(
        String(998), default="", info=subject("their Message-ID, to answer in thread")
    )
    received_at: Mapped[datetime] = mapped_column(info=subject("when"))
    deaths: Mapped[int] = mapped_column(
        default=0, server_default="0", info=no_person("how many readers in a row died over it")
    )
    in_hand_until: Mapped[datetime | None] = mapped_column(
        info=no_person("who has it in hand has it so long, in real time; later they are gone")
    )
    understood_at: Mapped[datetime | None] = mapped_column(info=subject("when the program read it"))
    handled_at: Mapped[datetime | None] = mapped_column(info=subject("when a person dealt with it"))
    handled_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who dealt with it")
    )
