"""Openings, and counters that belong to nobody."""

import enum
from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Path, Retention, no_person, subject


class OpeningClass(enum.StrEnum):
    """Who or what fetched the pixel. Shown, counted, never acted upon (D4)."""

    PERSON = "person"
    PROXY = "proxy"
    """A mail provider's image proxy, when the mail is shown."""

    MACHINE = "machine"
    """Fetched ahead, read or not: tells nothing."""

    SCANNER = "scanner"


class Opening(Base):
    """One fetch of a message's pixel: exactly the fields the policy names (P13)."""

    __tablename__ = "openings"
    __about__ = Path("message_id", "messages")

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    message_id: Mapped[int] = mapped_column(
        ForeignKey("messages.id", ondelete="CASCADE"), index=True, info=subject("which message arrived")
    )
    opened_at: Mapped[datetime] = mapped_column(info=subject("timestamp: P13"))
    user_agent: Mapped[str] = mapped_column(String(256), info=subject("user agent: P13"))
    ip_digest: Mapped[str | None] = mapped_column(
        String(32), info=subject("hashed IP address: P12; random noise once its key is destroyed")
    )
    opened_by: Mapped[OpeningClass] = mapped_column(info=subject("person, proxy, machine or scanner"))


class OpeningCounter(Base):
    """Openings of a step on a day, of nobody in particular (the aggregate pixel)."""

    __tablename__ = "opening_counters"
    __about__ = None

    step_id: Mapped[int] = mapped_column(
        ForeignKey("steps.id"), primary_key=True, info=no_person("which step", keep=Retention.PERMANENT)
    )
    day: Mapped[date] = mapped_column(primary_key=True, info=no_person("which day"))
    opened: Mapped[int] = mapped_column(default=0, info=no_person("how often"))
