"""Notes and tasks."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Path, no_person, staff_data, subject


class NoteKind(enum.StrEnum):
    """How the talk went."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"


class TaskKind(enum.StrEnum):
    """Where a task comes from."""

    FOLLOW_UP = "follow_up"
    STEP = "step"
    """A manual step of a sequence; the sequence waits for it."""

    REVIEW = "review"
    """The program is in doubt and asks a person."""


class Note(Base):
    """What was said."""

    __tablename__ = "notes"
    __about__ = Path("prospect_id")
    __table_args__ = (Index("ix_notes_prospect_id_happened_at", "prospect_id", "happened_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), info=subject("whom it is about")
    )
    kind: Mapped[NoteKind] = mapped_column(info=subject("note, call or meeting"))
    body: Mapped[str] = mapped_column(Text, info=subject("sales conversation notes"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who wrote it"))
    happened_at: Mapped[datetime] = mapped_column(info=subject("when they spoke"))
    removed_at: Mapped[datetime | None] = mapped_column(
        info=subject("taken back; cleared away for good a day later")
    )
    dedupe_key: Mapped[str | None] = mapped_column(
        unique=True, info=no_person("one press of the button is one note")
    )


class Task(Base):
    """Something a colleague will do."""

    __tablename__ = "tasks"
    __about__ = Path("prospect_id")
    __table_args__ = (Index("ix_tasks_done_at_due_at", "done_at", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("whom it is about")
    )
    kind: Mapped[TaskKind] = mapped_column(info=subject("where it comes from"))
    title: Mapped[str] = mapped_column(Text, info=subject("what to do"))
    due_at: Mapped[datetime] = mapped_column(info=subject("when"))
    assignee_id: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), index=True, info=staff_data("who does it; empty is anybody")
    )
    note_id: Mapped[int | None] = mapped_column(
        ForeignKey("notes.id", ondelete="SET NULL"), info=no_person("the note that promised it")
    )
    enrolment_id: Mapped[int | None] = mapped_column(
        ForeignKey("enrolments.id", ondelete="CASCADE"),
        index=True,
        info=subject("which sequence waits for it"),
    )
    done_at: Mapped[datetime | None] = mapped_column(info=subject("when it was done"))
    done_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who did it"))
    created_at: Mapped[datetime] = mapped_column(info=subject("when"))
    dedupe_key: Mapped[str | None] = mapped_column(unique=True, info=no_person("one cause makes one task"))
