"""What we know of recipients' domains, and of our own."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Path, Retention, no_person, subject


class DomainCheck(Base):
    """Whether a domain takes mail, as its name servers last said. An outage changes nothing here."""

    __tablename__ = "domain_checks"
    __about__ = Path("domain", domain=True)
    __table_args__ = (Index("ix_domain_checks_next_check_at", "next_check_at"),)

    domain: Mapped[str] = mapped_column(
        String(253),
        primary_key=True,
        info=subject("a mail domain: may be one person's own", keep=Retention.SHORT),
    )
    answer: Mapped[str] = mapped_column(
        String(16),
        default="unknown",
        info=no_person("takes_mail, implicit, null_mx, no_mail, unknown", keep=Retention.SHORT),
    )
    checked_at: Mapped[datetime | None] = mapped_column(
        info=no_person("when the name servers last answered", keep=Retention.SHORT)
    )
    next_check_at: Mapped[datetime] = mapped_column(info=no_person("when to ask again", keep=Retention.SHORT))
    failures: Mapped[int] = mapped_column(
        default=0, info=no_person("times in a row without an answer", keep=Retention.SHORT)
    )


class OwnDomain(Base):
    """Whether a domain we send from proves it: SPF, DKIM, DMARC."""

    __tablename__ = "own_domains"
    __about__ = None

    domain: Mapped[str] = mapped_column(
        String(253), primary_key=True, info=no_person("the company's own domain")
    )
    mark: Mapped[str] = mapped_column(String(16), info=no_person("pass, fail, unknown"))
    words: Mapped[str] = mapped_column(String(300), default="", info=no_person("what is wrong"))
    checked_at: Mapped[datetime | None] = mapped_column(info=no_person("when somebody could tell, real time"))
    failing_since: Mapped[datetime | None] = mapped_column(info=no_person("since when, real time"))
    next_check_at: Mapped[datetime] = mapped_column(info=no_person("when to look again, real time"))
