"""Evidence, assessments, the owner's country rules, and whom we wrote to when."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, no_person, staff_data, subject
from crm.permission.terms import Basis


class Evidence(Base):
    """What proves a basis for one address. Never edited: a better one is added."""

    __tablename__ = "evidence"
    __about__ = Path("prospect_id")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("for whom")
    )
    basis: Mapped[Basis] = mapped_column(info=subject("on what ground"))
    url: Mapped[str] = mapped_column(
        String(500), default="", info=subject("the page that published the address")
    )
    wording: Mapped[str] = mapped_column(
        String(500), default="", info=subject("the sentence on the page, or what they agreed to")
    )
    channel: Mapped[str] = mapped_column(String(64), default="", info=subject("how consent was given"))
    confirmed_by: Mapped[str] = mapped_column(String(120), default="", info=staff_data("who confirmed it"))
    assessment_id: Mapped[int | None] = mapped_column(
        ForeignKey("assessments.id"), info=subject("which balance of interests covers it")
    )
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True, info=no_person("which import brought it")
    )
    given_at: Mapped[datetime] = mapped_column(info=subject("when it was seen or given"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(info=subject("when consent was withdrawn: P20"))


class Assessment(Base):
    """A documented balance of interests (R-L2)."""

    __tablename__ = "assessments"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    title: Mapped[str] = mapped_column(String(200), info=no_person("what it is about"))
    scope: Mapped[str] = mapped_column(
        String(200), info=no_person("countries it covers, comma separated; * is all")
    )
    text: Mapped[str] = mapped_column(Text, info=no_person("interest, necessity, balance"))
    written_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who answers for it")
    )
    written_at: Mapped[datetime] = mapped_column(info=no_person("when"))
    review_on: Mapped[date] = mapped_column(info=no_person("expired from this day on"))


class CountryOverride(Base):
    """The owner's own answer for a country and column of the table; audited."""

    __tablename__ = "country_overrides"
    __about__ = None
    __table_args__ = (UniqueConstraint("country", "column"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    country: Mapped[str] = mapped_column(String(2), info=no_person("which country"))
    column: Mapped[str] = mapped_column(String(32), info=no_person("which column of the table"))
    code: Mapped[str] = mapped_column(String(8), info=no_person("what holds instead"))
    reason: Mapped[str] = mapped_column(String(500), info=no_person("why"))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who decided"))
    decided_at: Mapped[datetime] = mapped_column(info=no_person("when"))


class Contact(Base):
    """One mail that left, by digest: what budgets are counted from."""

    __tablename__ = "contacts"
    __about__ = Path("address_digest", digest=True)
    __table_args__ = (
        Index("ix_contacts_address_digest_at", "address_digest", "at"),
        Index("ix_contacts_domain_digest_at", "domain_digest", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    address_digest: Mapped[AddressDigest] = mapped_column(String(32), info=subject("to which mailbox"))
    domain_digest: Mapped[AddressDigest | None] = mapped_column(String(32), info=subject("at which company"))
    message: Mapped[str] = mapped_column(String(26), unique=True, info=subject("which message"))
    kind: Mapped[str] = mapped_column(String(16), info=subject("what sort of mail"))
    at: Mapped[datetime] = mapped_column(info=subject("when it left"))
