"""Leads, and what the image service says of them."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Path, no_person, staff_data, subject


class LeadState(enum.StrEnum):
    """How far a lead is. Reports of the image service move it forward only (I26)."""

    QUEUED = "queued"
    CONFLICT = "conflict"
    """The service knows this key with another body: a person looks."""

    REFUSED = "refused"
    """The service said no for good: a person looks."""

    HANDED_OVER = "handed_over"
    SIGNED_UP = "signed_up"
    FIRST_IMAGE = "first_image"
    PAID = "paid"
    CLOSED = "closed"


class Lead(Base):
    """Somebody who said yes, on the way to the image service."""

    __tablename__ = "leads"
    __about__ = Path("prospect_id")
    __table_args__ = (
        Index("ix_leads_state_next_try_at", "state", "next_try_at"),
        Index("ix_leads_state_changed_at_id", "state", "changed_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    public_id: Mapped[str] = mapped_column(
        String(36), unique=True, info=subject("names the lead at both services; the idempotency key for ever")
    )
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), unique=True, info=subject("who")
    )
    state: Mapped[LeadState] = mapped_column(default=LeadState.QUEUED, info=subject("how far it is"))
    body: Mapped[bytes] = mapped_column(LargeBinary, info=subject("what the image service is told, frozen"))
    code_digest: Mapped[str] = mapped_column(
        String(64),
        unique=True,
        info=subject("SHA-256 of the sign-up code; the code itself is derived, not kept"),
    )
    code_expires_at: Mapped[datetime] = mapped_column(info=subject("at most 90 days after conversion"))
    code_used_at: Mapped[datetime | None] = mapped_column(
        info=subject("when they went on to the image service")
    )
    link_by_mail: Mapped[bool] = mapped_column(
        default=True, info=subject("whether we mail them the sign-up link; else a colleague passes it on")
    )
    attempt: Mapped[int] = mapped_column(default=0, info=no_person("tries so far"))
    next_try_at: Mapped[datetime | None] = mapped_column(info=no_person("real time of the next try"))
    claim_id: Mapped[str | None] = mapped_column(String(26), info=no_person("which worker has it"))
    remote_id: Mapped[str] = mapped_column(
        String(120), default="", info=subject("the image service's name for it")
    )
    outcome: Mapped[str] = mapped_column(String(300), default="", info=subject("what the service last said"))
    converted_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who noted the yes")
    )
    converted_at: Mapped[datetime] = mapped_column(info=subject("when they said yes"))
    handed_over_at: Mapped[datetime | None] = mapped_column(info=subject("when the service acknowledged"))
    changed_at: Mapped[datetime] = mapped_column(info=subject("when the state last changed"))


class LeadReport(Base):
    """One signed report of the image service; the same one twice is one."""

    __tablename__ = "lead_reports"
    __about__ = Path("lead_id", "leads")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    webhook_id: Mapped[str] = mapped_column(
        String(64), unique=True, info=no_person("replays are known by it")
    )
    lead_id: Mapped[int] = mapped_column(
        ForeignKey("leads.id", ondelete="CASCADE"), index=True, info=subject("about which lead")
    )
    kind: Mapped[str] = mapped_column(String(32), info=subject("signed_up, first_image, paid or closed"))
    happened_at: Mapped[datetime] = mapped_column(info=subject("when, as the service says"))
    received_at: Mapped[datetime] = mapped_column(info=subject("when we heard"))
