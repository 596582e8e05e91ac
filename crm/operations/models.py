"""What the installation knows of itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Retention, no_person, staff_data


class Heartbeat(Base):
    """When a part of the program last showed life, in real time."""

    __tablename__ = "heartbeats"
    __about__ = None

    name: Mapped[str] = mapped_column(String(64), primary_key=True, info=no_person("which part"))
    beat_at: Mapped[datetime] = mapped_column(info=no_person("real time"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, info=no_person("counts of the last run"))


class Switch(Base):
    """Something that is on or off for everybody: `paused`, `armed`, `legitimate_interest`."""

    __tablename__ = "switches"
    __about__ = None

    name: Mapped[str] = mapped_column(String(64), primary_key=True, info=no_person("which switch"))
    is_on: Mapped[bool] = mapped_column(info=no_person("on or off"))
    reason: Mapped[str] = mapped_column(String(300), default="", info=no_person("why"))
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who switched"))
    changed_at: Mapped[datetime] = mapped_column(info=no_person("when"))


class ChangedRule(Base):
    """A number of the house that somebody changed: a budget, a limit."""

    __tablename__ = "changed_rules"
    __about__ = None

    name: Mapped[str] = mapped_column(String(64), primary_key=True, info=no_person("which number"))
    value: Mapped[int] = mapped_column(info=no_person("what holds"))
    was: Mapped[int] = mapped_column(info=no_person("what held before"))
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who changed it"))
    changed_at: Mapped[datetime] = mapped_column(info=no_person("when"))


class Alarm(Base):
    """Something the program stopped by itself, until a person has looked."""

    __tablename__ = "alarms"
    __about__ = None
    __table_args__ = (
        Index("ix_alarms_scope_kind", "scope", "kind"),
        Index(
            "uq_alarms_open",
            "scope",
            "kind",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    kind: Mapped[str] = mapped_column(String(32), info=no_person("what was wrong"))
    scope: Mapped[str] = mapped_column(String(64), info=no_person("what was stopped: sequence 4, mailbox 2"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, info=no_person("counts and codes"))
    raised_at: Mapped[datetime] = mapped_column(info=no_person("when"))
    resolved_at: Mapped[datetime | None] = mapped_column(info=no_person("when somebody let it go on"))
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who did"))


class RateLimit(Base):
    """How often something happened in a window. Keys are digests, never an address of any kind (P41)."""

    __tablename__ = "rate_limits"
    __about__ = None

    key: Mapped[str] = mapped_column(
        String(80), primary_key=True, info=no_person("what and who, digested", keep=Retention.SHORT)
    )
    window: Mapped[datetime] = mapped_column(
        primary_key=True, info=no_person("start of the window, real time", keep=Retention.SHORT)
    )
    count: Mapped[int] = mapped_column(default=0, info=no_person("how often", keep=Retention.SHORT))
