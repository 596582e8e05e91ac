"""Sequences, their immutable versions, and the enrolments that run on them."""

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.kernel.db import Base
from crm.kernel.inventory import Path, no_person, staff_data, subject


class StepKind(enum.StrEnum):
    """What a step does."""

    EMAIL = "email"
    TASK = "task"
    """A colleague does something; the sequence waits until it is done."""


class EnrolmentState(enum.StrEnum):
    """Whether a sequence goes on for somebody."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"


class StopReason(enum.StrEnum):
    """Why a sequence no longer runs for somebody, or waits."""

    COMPLETED = "completed"
    REPLIED = "replied"
    REFUSED = "refused"
    BOUNCED = "bounced"
    CONVERTED = "converted"
    MEETING = "meeting"
    BY_STAFF = "by_staff"
    NOT_ALLOWED = "not_allowed"
    """The gate says no."""

    BLOCKED = "blocked"
    """A text lacked a value; waits for a person."""

    OUT_OF_OFFICE = "out_of_office"
    SNOOZED = "snoozed"
    IN_DOUBT = "in_doubt"
    """An answer we do not understand, or a send we do not know the outcome of: waits for a person."""

    TOO_LATE = "too_late"
    """The step was due long ago; a person decides (no burst after a stop)."""

    REJECTED = "rejected"


class Sequence(Base):
    """A series of steps under one name. What it says is in its versions."""

    __tablename__ = "sequences"
    __about__ = None

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    name: Mapped[str] = mapped_column(String(120), unique=True, info=no_person("what colleagues call it"))
    language: Mapped[str] = mapped_column(String(2), info=no_person("nl, en, de or fr"))
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id"), info=no_person("which mailbox sends it")
    )
    paused_at: Mapped[datetime | None] = mapped_column(info=no_person("nothing leaves while it is paused"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who made it"))
    created_at: Mapped[datetime] = mapped_column(info=no_person("when"))

    versions: Mapped[list["SequenceVersion"]] = relationship(
        back_populates="sequence", order_by="SequenceVersion.number", lazy="raise"
    )


class SequenceVersion(Base):
    """What a sequence said from one publication to the next. Never changes."""

    __tablename__ = "sequence_versions"
    __about__ = None
    __table_args__ = (UniqueConstraint("sequence_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequences.id"), info=no_person("of which sequence"))
    number: Mapped[int] = mapped_column(info=no_person("1, 2, 3"))
    published_at: Mapped[datetime] = mapped_column(info=no_person("when"))
    published_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who published it")
    )

    sequence: Mapped[Sequence] = relationship(back_populates="versions", lazy="raise")
    steps: Mapped[list["Step"]] = relationship(
        back_populates="version", order_by="Step.position", lazy="raise"
    )


class Step(Base):
    """One mail or one task."""

    __tablename__ = "steps"
    __about__ = None
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    version_id: Mapped[int] = mapped_column(
        ForeignKey("sequence_versions.id"), info=no_person("of which version")
    )
    position: Mapped[int] = mapped_column(info=no_person("1 is the first"))
    kind: Mapped[StepKind] = mapped_column(info=no_person("mail or task"))
    delay: Mapped[int] = mapped_column(info=no_person("working days after the step before, 0 to 60"))
    subject: Mapped[str] = mapped_column(
        String(200), default="", info=no_person("subject template; empty continues the thread")
    )
    body: Mapped[str] = mapped_column(Text, default="", info=no_person("text template, or what to do"))

    version: Mapped[SequenceVersion] = relationship(back_populates="steps", lazy="raise")


class Enrolment(Base):
    """Somebody on their way through a version of a sequence.

    `next_due_at` is set while the planner has something to do; it is empty while a message or a
    task is out, and in every state but `running`.
    """

    __tablename__ = "enrolments"
    __about__ = Path("prospect_id")
    __table_args__ = (
        Index("ix_enrolments_state_next_due_at", "state", "next_due_at"),
        Index("ix_enrolments_sequence_id_state", "sequence_id", "state"),
        Index(
            "ix_enrolments_resumes_at",
            "resumes_at",
            sqlite_where=text("resumes_at IS NOT NULL"),
            postgresql_where=text("resumes_at IS NOT NULL"),
        ),
        # B16: one active sequence a person. The database keeps it; enrolling only says it kindly.
        Index(
            "uq_enrolments_prospect_id_active",
            "prospect_id",
            unique=True,
            sqlite_where=text("state IN ('running', 'paused')"),
            postgresql_where=text("state IN ('running', 'paused')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("who")
    )
    sequence_id: Mapped[int] = mapped_column(ForeignKey("sequences.id"), info=subject("in which sequence"))
    version_id: Mapped[int] = mapped_column(
        ForeignKey("sequence_versions.id"), info=subject("in which version")
    )
    state: Mapped[EnrolmentState] = mapped_column(
        default=EnrolmentState.RUNNING, info=subject("whether it goes on")
    )
    stop_reason: Mapped[StopReason | None] = mapped_column(info=subject("why it stopped or waits"))
    stop_detail: Mapped[str] = mapped_column(
        String(300), default="", info=subject("reason codes of the gate")
    )
    position: Mapped[int] = mapped_column(default=1, info=subject("the step that comes next"))
    next_due_at: Mapped[datetime | None] = mapped_column(info=subject("when it comes, on the calendar clock"))
    resumes_at: Mapped[datetime | None] = mapped_column(info=subject("when a pause ends by itself"))
    enrolled_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who enrolled them")
    )
    enrolled_at: Mapped[datetime] = mapped_column(info=subject("when"))
    changed_at: Mapped[datetime] = mapped_column(info=subject("when the state last changed"))
