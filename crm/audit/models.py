"""The log that cannot be quietly changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Retention, no_person, staff_data


class AuditEntry(Base):
    """One act that must be answered for. Holds ids and codes only; each row seals the one before."""

    __tablename__ = "audit_entries"
    __about__ = None

    id: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, info=no_person("1, 2, 3 without gaps", keep=Retention.AUDIT)
    )
    at: Mapped[datetime] = mapped_column(info=no_person("when", keep=Retention.AUDIT))
    actor_id: Mapped[int | None] = mapped_column(
        info=staff_data("which colleague; empty for a person outside or the program", keep=Retention.AUDIT)
    )
    actor: Mapped[str] = mapped_column(
        String(16), info=no_person("staff, person, program or owner", keep=Retention.AUDIT)
    )
    action: Mapped[str] = mapped_column(String(64), info=no_person("what was done", keep=Retention.AUDIT))
    object: Mapped[str] = mapped_column(
        String(64), default="", info=no_person("kind and id of what it was done to", keep=Retention.AUDIT)
    )
    detail: Mapped[dict[str, Any]] = mapped_column(
        default=dict, info=no_person("codes and counts", keep=Retention.AUDIT)
    )
    seal: Mapped[str] = mapped_column(
        String(64),
        unique=True,
        info=no_person("SHA-256 over this row and the seal before", keep=Retention.AUDIT),
    )
