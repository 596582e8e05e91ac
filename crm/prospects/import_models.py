"""Files of prospects on their way in: the jobs, and what became of each row."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Retention, no_person, staff_data


class ImportState(enum.StrEnum):
    """Where an import stands. `running` with a dead worker is taken up again where it stopped."""

    UPLOADED = "uploaded"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class RowOutcome(enum.StrEnum):
    """What happened to one row of an import. Every row has exactly one."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    """The same mailbox stood in an earlier row of the file."""

    REFUSED = "refused"
    """This person told us to stop: kept out, and nothing in the register changes."""

    NOT_ALLOWED = "not_allowed"
    """Kept as a prospect, but the gate says that nobody may write to them yet."""

    BROKEN = "broken"


class Import(Base):
    """One file on its way in. `position` is the last row whose batch is committed."""

    __tablename__ = "imports"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    public_id: Mapped[str] = mapped_column(String(26), unique=True, info=no_person("names it in addresses"))
    file_name: Mapped[str] = mapped_column(String(200), info=no_person("as the colleague called it"))
    file_digest: Mapped[str] = mapped_column(String(64), info=no_person("SHA-256 of the file"))
    stored_as: Mapped[str] = mapped_column(String(64), info=no_person("name of the file under var/uploads"))
    mapping: Mapped[dict[str, Any]] = mapped_column(
        info=no_person("which column is what, and the file's source and basis")
    )
    state: Mapped[ImportState] = mapped_column(default=ImportState.UPLOADED, info=no_person("how far it is"))
    position: Mapped[int] = mapped_column(default=0, info=no_person("rows done"))
    total: Mapped[int | None] = mapped_column(info=no_person("rows in all, once known"))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict, info=no_person("rows by outcome"))
    fault: Mapped[str] = mapped_column(String(300), default="", info=no_person("why it failed"))
    claim_id: Mapped[str | None] = mapped_column(String(26), info=no_person("which worker has it"))
    lease_until: Mapped[datetime | None] = mapped_column(
        info=no_person("real time until which the worker has it")
    )
    marked_at: Mapped[datetime | None] = mapped_column(
        info=no_person("real time about a minute before its last batch")
    )
    marked_position: Mapped[int | None] = mapped_column(info=no_person("rows done by then"))
    started_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who imports"))
    created_at: Mapped[datetime] = mapped_column(info=no_person("when"))
    finished_at: Mapped[datetime | None] = mapped_column(info=no_person("when"))


class ImportRow(Base):
    """A row that was not simply taken, with its reason. Says which line, never what stood there."""

    __tablename__ = "import_rows"
    __about__ = None
    __table_args__ = (UniqueConstraint("import_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row", keep=Retention.SHORT))
    import_id: Mapped[int] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), info=no_person("which file", keep=Retention.SHORT)
    )
    line: Mapped[int] = mapped_column(
        info=no_person("line in the file, 1 is the header", keep=Retention.SHORT)
    )
    outcome: Mapped[RowOutcome] = mapped_column(info=no_person("what happened", keep=Retention.SHORT))
    reason: Mapped[str] = mapped_column(String(300), info=no_person("why, in words", keep=Retention.SHORT))
