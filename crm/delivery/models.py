"""Mailboxes, messages and what providers say of them."""

import enum
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, column_property, mapped_column

from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, no_person, subject
from crm.kernel.mail import MailKind, TrackingMode


class MessageState(enum.StrEnum):
    """Where a message is (design.md §3). Every pair (state, event) has an answer in `states.py`."""

    HELD = "held"
    """Waits for a person's approval."""

    DUE = "due"
    CLAIMED = "claimed"
    """A worker has it, under a lease, with a slot of the day's cap."""

    SENDING = "sending"
    """The bytes may be leaving. A crash here leaves doubt, which only a person or proof resolves."""

    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    WITHHELD = "withheld"
    """The gate said no."""

    REJECTED = "rejected"
    """The provider said no."""

    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"
    """A person decided that it did not leave."""

    CANCELLED = "cancelled"


TROUBLE: Final = text("state IN ('bounced', 'complained', 'rejected')")
"""As literals: a partial index is used only where they stand in the question as well."""

_SENT: Final = text("sent_at IS NOT NULL")


class Mailbox(Base):
    """An address we send from."""

    __tablename__ = "mailboxes"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    address: Mapped[str] = mapped_column(
        String(254), unique=True, info=no_person("the company's own address")
    )
    display_name: Mapped[str] = mapped_column(String(120), info=no_person("the name recipients see"))
    sender_name: Mapped[str] = mapped_column(String(120), default="", info=no_person("who signs"))
    time_zone: Mapped[str] = mapped_column(
        String(64), default="Europe/Amsterdam", info=no_person("whose midnight ends a cap's day")
    )
    daily_cap: Mapped[int] = mapped_column(default=30, info=no_person("messages a local day"))
    gap_seconds: Mapped[int] = mapped_column(default=600, info=no_person("between two messages, at least"))
    jitter_seconds: Mapped[int] = mapped_column(default=300, info=no_person("added to the gap, at most"))
    ramp_start: Mapped[int] = mapped_column(
        default=10, info=no_person("messages on the first day; 0: the cap")
    )
    ramp_step: Mapped[int] = mapped_column(default=5, info=no_person("more after each day on which it sent"))
    free_at: Mapped[datetime | None] = mapped_column(info=no_person("when the wait after a message is over"))
    held_by: Mapped[str | None] = mapped_column(String(26), info=no_person("the claim that keeps it waiting"))
    paused_at: Mapped[datetime | None] = mapped_column(info=no_person("nothing leaves while it is paused"))
    pause_reason: Mapped[str] = mapped_column(String(64), default="", info=no_person("why it is paused"))


class MailboxDay(Base):
    """How much of a mailbox's cap one of its local days has used."""

    __tablename__ = "mailbox_days"
    __about__ = None
    __table_args__ = (CheckConstraint("used >= 0", name="used"),)

    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id"), primary_key=True, info=no_person("which mailbox")
    )
    day: Mapped[date] = mapped_column(primary_key=True, info=no_person("the mailbox's local day"))
    used: Mapped[int] = mapped_column(default=0, info=no_person("slots reserved or spent"))


class MessageBytes(Base):
    """A mail as it leaves, byte for byte. Apart from its message, whose row is rewritten at every step."""

    __tablename__ = "message_bytes"
    __about__ = Path("message_id", "messages")

    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True, info=subject("of which message")
    )
    wire: Mapped[bytes] = mapped_column(LargeBinary, info=subject("what we wrote, byte for byte"))


class Message(Base):
    """One mail to one person, rendered and frozen. What it says never changes after it was planned.

    But for its pixel, which goes out of one that waits when its reader says no to it (`outbox.unmeasure`).
    """

    __tablename__ = "messages"
    __about__ = (Path("prospect_id"), Path("address_digest", digest=True))
    __table_args__ = (
        # I02: at most one message a step of an enrolment, whoever plans it and however often.
        UniqueConstraint("enrolment_id", "step_id"),
        Index("ix_messages_state_due_at", "state", "due_at"),
        Index("ix_messages_mailbox_id_state_due_at", "mailbox_id", "state", "due_at"),
        Index("ix_messages_state_lease_until", "state", "lease_until"),
        Index("ix_messages_prospect_id_due_at", "prospect_id", "due_at"),
        Index("ix_messages_step_id_state", "step_id", "state"),
        # The guardrails look at what went wrong lately, and count a step's mail of a week.
        Index("ix_messages_changed_at_trouble", "changed_at", sqlite_where=TROUBLE, postgresql_where=TROUBLE),
        Index(
            "ix_messages_step_id_sent_at", "step_id", "sent_at", sqlite_where=_SENT, postgresql_where=_SENT
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    public_id: Mapped[str] = mapped_column(String(26), unique=True, info=subject("names the message outside"))
    pixel_id: Mapped[str | None] = mapped_column(
        String(32), unique=True, info=subject("names it in the open pixel, and there only")
    )
    kind: Mapped[MailKind] = mapped_column(info=subject("what sort of mail"))
    prospect_id: Mapped[int | None] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), info=subject("to whom")
    )
    enrolment_id: Mapped[int | None] = mapped_column(
        ForeignKey("enrolments.id", ondelete="CASCADE"), info=subject("in which sequence")
    )
    step_id: Mapped[int | None] = mapped_column(ForeignKey("steps.id"), info=subject("which step"))
    variant_id: Mapped[int | None] = mapped_column(
        ForeignKey("step_variants.id"), info=subject("which of its texts, where it has several")
    )
    mailbox_id: Mapped[int] = mapped_column(ForeignKey("mailboxes.id"), info=no_person("from where"))
    dedupe_key: Mapped[str | None] = mapped_column(
        String(64), unique=True, info=subject("one cause outside a sequence makes one message")
    )
    address_digest: Mapped[AddressDigest] = mapped_column(
        String(32), index=True, info=subject("an objector looks here for messages that are leaving")
    )
    recipient: Mapped[str] = mapped_column(String(254), info=subject("to whom"))
    sender: Mapped[str] = mapped_column(String(254), info=subject("envelope sender with our token"))
    subject_line: Mapped[str] = mapped_column(String(998), info=subject("what we wrote"))
    notice_version: Mapped[str] = mapped_column(
        String(16), default="", info=subject("which notice they were shown: P39")
    )
    first_contact: Mapped[bool] = mapped_column(default=False, info=subject("whether it carries the notice"))
    tracking: Mapped[TrackingMode] = mapped_column(
        default=TrackingMode.OFF, info=subject("which pixel it has")
    )
    decision: Mapped[dict[str, Any]] = mapped_column(
        default=dict, info=subject("why we were allowed to write: D2")
    )
    state: Mapped[MessageState] = mapped_column(info=subject("where it is"))
    due_at: Mapped[datetime] = mapped_column(info=subject("when it leaves, on the calendar clock"))
    late_from: Mapped[datetime | None] = mapped_column(
        info=subject("since when it waits for us or our provider, where it does")
    )
    attempt: Mapped[int] = mapped_column(
        default=0, info=subject("tries so far; put off five times, it is given up")
    )
    claim_id: Mapped[str | None] = mapped_column(String(26), info=no_person("which claim has it"))
    lease_until: Mapped[datetime | None] = mapped_column(info=no_person("real time the claim ends"))
    cap_day: Mapped[date | None] = mapped_column(info=no_person("the day whose cap slot it holds"))
    provider_id: Mapped[str | None] = mapped_column(
        String(200), index=True, info=subject("the provider's name")
    )
    outcome: Mapped[str] = mapped_column(
        String(300), default="", info=subject("why it is in this state; no address")
    )
    planned_at: Mapped[datetime] = mapped_column(info=subject("when it was frozen"))
    sent_at: Mapped[datetime | None] = mapped_column(info=subject("when the provider took it"))
    changed_at: Mapped[datetime] = mapped_column(info=subject("when the state last changed"))

    wire: Mapped[bytes] = column_property(
        select(MessageBytes.wire).where(MessageBytes.message_id == id).scalar_subquery(),  # noqa: A003 - ours
        deferred=True,
    )
    """To read; written by `outbox.queue`."""
