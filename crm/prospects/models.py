"""Companies, prospects, the digests that find them again, and where we got their addresses."""

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.db import Base, enum_column
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, no_person, staff_data, subject


class Status(enum.StrEnum):
    """How far we are with a prospect."""

    NEW = "new"
    CONTACTED = "contacted"
    REPLIED = "replied"
    MEETING = "meeting"
    CONVERTED = "converted"
    LOST = "lost"


class SourceKind(enum.StrEnum):
    """Where an address may come from. Purchased lists are refused, so they have no member (P3, G5)."""

    WEBSITE = "website"
    """Published on the company's own site."""

    FAIR = "fair"
    """Given to us at a trade fair or meeting."""

    REFERRAL = "referral"
    INBOUND = "inbound"
    """They wrote or called first."""

    CUSTOMER = "customer"
    REGISTER = "register"
    """A public trade register or directory."""


class Company(Base):
    """A webshop."""

    __tablename__ = "companies"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    name: Mapped[str] = mapped_column(String(200), index=True, info=subject("to know whom we write to"))
    domain: Mapped[str | None] = mapped_column(
        String(253), unique=True, info=subject("registrable domain: tells companies apart")
    )
    website: Mapped[str] = mapped_column(String(500), default="", info=subject("public website information"))
    country: Mapped[str] = mapped_column(
        String(2), default="", info=subject("which rules apply; empty when unknown")
    )
    language: Mapped[str] = mapped_column(String(2), default="", info=subject("in which language we write"))
    time_zone: Mapped[str] = mapped_column(String(64), default="", info=subject("when we may write"))
    legal_form: Mapped[LegalForm] = mapped_column(
        default=LegalForm.UNKNOWN, info=subject("which rules apply: sole traders are natural persons")
    )
    relevance: Mapped[str] = mapped_column(String(500), default="", info=subject("why this company: P16"))
    relevance_by: Mapped[str] = mapped_column(
        String(120), default="", info=staff_data("who decided that we are relevant to them")
    )
    created_at: Mapped[datetime] = mapped_column(info=subject("when we first knew of them"))
    released_at: Mapped[datetime | None] = mapped_column(
        info=subject("when a colleague last said that the others there may be written to again")
    )
    version: Mapped[int] = mapped_column(default=1, info=no_person("tells two people who edit at once"))

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads a plain dict


class Prospect(Base):
    """A person or a desk at a company."""

    __tablename__ = "prospects"
    __about__ = Path("id")
    __table_args__ = (
        Index("ix_prospects_created_at_id", "created_at", "id"),
        Index("ix_prospects_status_created_at_id", "status", "created_at", "id"),
        Index("ix_prospects_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_prospects_country_created_at_id", "country", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    company_id: Mapped[int] = mapped_column(
        ForeignKey("companies.id"), index=True, info=subject("where they work")
    )
    name: Mapped[str] = mapped_column(
        String(200), default="", info=subject("to greet them (D17: open point)")
    )
    role: Mapped[str] = mapped_column(
        String(200), default="", info=subject("whether we are relevant to them")
    )
    role_relevance: Mapped[str] = mapped_column(
        String(300), default="", info=subject("why this concerns their work, where the rules ask for it")
    )
    address: Mapped[str] = mapped_column(String(254), info=subject("to write to them"))
    address_digest: Mapped[AddressDigest] = mapped_column(
        String(32), unique=True, info=subject("one row a mailbox, in any spelling")
    )
    address_kind: Mapped[AddressKind] = mapped_column(info=subject("which rules apply"))
    address_state: Mapped[str] = mapped_column(
        String(16), default="unproven", info=subject("unproven, works, bounced, closed")
    )
    language: Mapped[str] = mapped_column(
        String(2), default="", info=subject("theirs, when not the company's")
    )
    country: Mapped[str] = mapped_column(
        String(2), default="", info=subject("the company's, copied: lists are filtered by it")
    )
    status: Mapped[Status] = mapped_column(default=Status.NEW, info=subject("outreach status"))
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("which colleague looks after them")
    )
    restricted_at: Mapped[datetime | None] = mapped_column(
        info=subject("restriction of processing: article 18, P33")
    )
    measuring_consent_at: Mapped[datetime | None] = mapped_column(
        info=subject("consent to the open pixel: D4")
    )
    last_mail_at: Mapped[datetime | None] = mapped_column(info=subject("to keep a distance between mails"))
    last_reply_at: Mapped[datetime | None] = mapped_column(info=subject("when they last answered: retention"))
    created_at: Mapped[datetime] = mapped_column(info=subject("collected at: articles 14 and 5(1)(e)"))
    version: Mapped[int] = mapped_column(default=1, info=no_person("tells two people who edit at once"))

    company: Mapped[Company] = relationship(lazy="raise")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads a plain dict


class SpellingKey(Base):
    """One spelling of a prospect's mailbox, as a digest: how a refusal finds everybody it covers."""

    __tablename__ = "spelling_keys"
    __about__ = Path("prospect_id")
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy reads a plain dict

    digest: Mapped[AddressDigest] = mapped_column(
        String(32), primary_key=True, info=subject("finds the prospect a refusal is about")
    )
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        info=subject("whose spelling"),
    )
    key_version: Mapped[int] = mapped_column(info=no_person("which address key"))


class Source(Base):
    """Where and when we got an address: article 14(2)(f), P4."""

    __tablename__ = "sources"
    __about__ = Path("prospect_id")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("whose source")
    )
    kind: Mapped[SourceKind] = mapped_column(info=subject("what kind of place"))
    url: Mapped[str] = mapped_column(String(500), default="", info=subject("the page, when it is one"))
    words: Mapped[str] = mapped_column(String(500), default="", info=subject("the place in words"))
    obtained_on: Mapped[date] = mapped_column(info=subject("article 14(3): the month starts here"))
    noted_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who wrote the source down")
    )
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True, info=no_person("which import brought it")
    )


class StatusChange(Base):
    """One step on the way from new to converted or lost."""

    __tablename__ = "status_changes"
    __about__ = Path("prospect_id")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("whose status")
    )
    was: Mapped[Status] = mapped_column(info=subject("outreach status"))
    became: Mapped[Status] = mapped_column(
        enum_column(Status, name="became"), info=subject("outreach status")
    )
    because: Mapped[str] = mapped_column(String(64), default="", info=subject("what made it change"))
    changed_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who changed it; empty for the program")
    )
    changed_at: Mapped[datetime] = mapped_column(info=subject("when"))
