"""Colleagues, their sessions and their invitations."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Retention, no_person, staff_data


class Role(enum.StrEnum):
    """What a colleague may do; `roles.py` has the table."""

    SALES = "sales"
    MANAGER = "manager"
    PRIVACY = "privacy"
    ADMIN = "admin"


class Staff(Base):
    """Somebody who logs in."""

    __tablename__ = "staff"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    name: Mapped[str] = mapped_column(String(120), info=staff_data("shown beside what they did"))
    email: Mapped[str] = mapped_column(String(254), unique=True, info=staff_data("to log in"))
    password_hash: Mapped[str] = mapped_column(String(200), info=staff_data("argon2id"))
    role: Mapped[Role] = mapped_column(info=staff_data("what they may do"))
    session_epoch: Mapped[int] = mapped_column(
        default=1, info=no_person("raised to end every session at once")
    )
    disabled_at: Mapped[datetime | None] = mapped_column(info=staff_data("no longer with us"))
    created_at: Mapped[datetime] = mapped_column(info=staff_data("when"))


class StaffSession(Base):
    """One browser that is logged in. The cookie's value is not here, only its SHA-256."""

    __tablename__ = "staff_sessions"
    __about__ = None

    digest: Mapped[str] = mapped_column(
        String(64), primary_key=True, info=no_person("SHA-256 of the cookie", keep=Retention.SHORT)
    )
    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), index=True, info=staff_data("who", keep=Retention.SHORT)
    )
    epoch: Mapped[int] = mapped_column(info=no_person("must equal the account's", keep=Retention.SHORT))
    created_at: Mapped[datetime] = mapped_column(info=staff_data("when, real time", keep=Retention.SHORT))
    seen_at: Mapped[datetime] = mapped_column(info=staff_data("last used, real time", keep=Retention.SHORT))


class Invitation(Base):
    """A link with which somebody claims an account, once."""

    __tablename__ = "invitations"
    __about__ = None

    digest: Mapped[str] = mapped_column(
        String(64), primary_key=True, info=no_person("SHA-256 of the link's code", keep=Retention.SHORT)
    )
    role: Mapped[Role] = mapped_column(info=no_person("which role it gives", keep=Retention.SHORT))
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who invited"))
    expires_at: Mapped[datetime] = mapped_column(info=no_person("real time", keep=Retention.SHORT))
    used_at: Mapped[datetime | None] = mapped_column(info=no_person("real time", keep=Retention.SHORT))
