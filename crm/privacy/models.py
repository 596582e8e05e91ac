"""The register of refusals, and what became of requests to be forgotten."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, Retention, no_person, staff_data, subject

KEPT = Retention.REFUSAL


class RefusalScope(enum.StrEnum):
    """How far a no reaches."""

    ADDRESS = "address"
    """No outreach to this mailbox, in any spelling."""

    DOMAIN = "domain"
    """No outreach to anybody at this company."""

    SEQUENCE = "sequence"
    """Not this series again."""

    MEASURING = "measuring"
    """No pixel, and old ones write nothing."""

    SNOOZE = "snooze"
    """Not before `until`."""


class RefusalReason(enum.StrEnum):
    """How a person told us."""

    UNSUBSCRIBE = "unsubscribe"
    """The link or the button of their mail program."""

    OBJECTION = "objection"
    """They objected to marketing as such: GDPR article 21(2). Never undone by staff alone."""

    COMPLAINT = "complaint"
    """Their mail provider reported our message as spam."""

    REPLY = "reply"
    """They wrote so in an answer."""

    DECLINED = "declined"
    """They are not interested."""

    ERASURE = "erasure"
    """They asked us to remove their data: article 17; that implies stopping (P37)."""

    BY_STAFF = "by_staff"
    """A colleague wrote down what was said on the phone or in a letter."""

    WITHDRAWN = "withdrawn"
    """Consent withdrawn: P20."""


class Refusal(Base):
    """One person's standing wish. Holds digests only, so it outlives the erasure of the prospect."""

    __tablename__ = "refusals"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row", keep=KEPT))
    public_id: Mapped[str] = mapped_column(
        String(26), unique=True, info=no_person("the reference the person is shown", keep=KEPT)
    )
    scope: Mapped[RefusalScope] = mapped_column(info=no_person("how far it reaches", keep=KEPT))
    scope_id: Mapped[int | None] = mapped_column(info=no_person("which sequence, for that scope", keep=KEPT))
    reason: Mapped[RefusalReason] = mapped_column(info=no_person("how they told us", keep=KEPT))
    channel: Mapped[str] = mapped_column(
        String(32), info=no_person("one_click, page, form, reply, hook, staff, journal", keep=KEPT)
    )
    until: Mapped[datetime | None] = mapped_column(info=no_person("the end of a snooze", keep=KEPT))
    message: Mapped[str] = mapped_column(
        String(26), default="", info=no_person("reference of the mail whose link was used", keep=KEPT)
    )
    refused_at: Mapped[datetime] = mapped_column(
        info=no_person("when they told us, not when we wrote it down", keep=KEPT)
    )
    lifted_at: Mapped[datetime | None] = mapped_column(
        info=no_person("two people, or the person's own recorded act", keep=KEPT)
    )


class RefusalKey(Base):
    """One spelling a refusal covers, as a digest."""

    __tablename__ = "refusal_keys"
    __about__ = None
    __table_args__ = (Index("ix_refusal_keys_refusal_id", "refusal_id"),)

    digest: Mapped[AddressDigest] = mapped_column(
        String(32),
        primary_key=True,
        info=no_person("HMAC of a spelling; its key is not in the database", keep=KEPT),
    )
    refusal_id: Mapped[int] = mapped_column(
        ForeignKey("refusals.id"), primary_key=True, info=no_person("which refusal", keep=KEPT)
    )
    key_version: Mapped[int] = mapped_column(info=no_person("which address key", keep=KEPT))


class RightsRequest(Base):
    """A request under articles 15 to 21, with its clock (P36)."""

    __tablename__ = "rights_requests"
    __about__ = Path("prospect_id")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int | None] = mapped_column(
        ForeignKey("prospects.id", ondelete="SET NULL"), index=True, info=subject("whose request")
    )
    kind: Mapped[str] = mapped_column(String(32), info=subject("access, erasure, restriction…"))
    channel: Mapped[str] = mapped_column(String(32), info=subject("how it came"))
    received_at: Mapped[datetime] = mapped_column(info=subject("when"))
    due_at: Mapped[datetime] = mapped_column(info=subject("30 days or a month, whichever ends first"))
    closed_at: Mapped[datetime | None] = mapped_column(info=subject("when it was answered"))
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who answered"))


class Erasure(Base):
    """The receipt of an erasure: counts and a digest, nothing else."""

    __tablename__ = "erasures"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row", keep=Retention.AUDIT))
    public_id: Mapped[str] = mapped_column(
        String(26), unique=True, info=no_person("the reference the person is shown", keep=Retention.AUDIT)
    )
    digest: Mapped[AddressDigest] = mapped_column(
        String(32), index=True, info=no_person("erased again after a restore", keep=Retention.REFUSAL)
    )
    channel: Mapped[str] = mapped_column(String(32), info=no_person("how it was asked", keep=Retention.AUDIT))
    asked_at: Mapped[datetime] = mapped_column(info=no_person("when", keep=Retention.AUDIT))
    finished_at: Mapped[datetime | None] = mapped_column(
        info=no_person("when nothing was left; empty while it is pending", keep=Retention.AUDIT)
    )
    counts: Mapped[dict[str, Any]] = mapped_column(
        default=dict, info=no_person("rows by table", keep=Retention.AUDIT)
    )
