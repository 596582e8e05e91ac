"""Sequences, their immutable versions, and the enrolments that run on them."""

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.kernel.db import Base
from crm.kernel.inventory import Path, no_person, staff_data, subject


class StepKind(enum.StrEnum):
    """What a step does."""

    EMAIL = "email"
    TASK = "task"
    """A colleague does something; the sequence waits until it is done."""

    WAIT = "wait"
    """Nothing happens for its working days."""


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
    archived_at: Mapped[datetime | None] = mapped_column(
        info=no_person("put away: nobody new is enrolled in it")
    )
    first_waits: Mapped[bool] = mapped_column(
        default=False, info=no_person("the first mail to each person waits until a colleague approves it")
    )
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


class SequenceDraft(Base):
    """What the next version of a sequence shall say. One a sequence, shared by all who edit it."""

    __tablename__ = "sequence_drafts"
    __about__ = None

    sequence_id: Mapped[int] = mapped_column(
        ForeignKey("sequences.id", ondelete="CASCADE"), primary_key=True, info=no_person("of which sequence")
    )
    name: Mapped[str] = mapped_column(String(120), info=no_person("what it shall be called"))
    language: Mapped[str] = mapped_column(String(2), info=no_person("nl, en, de or fr"))
    mailbox_id: Mapped[int] = mapped_column(
        ForeignKey("mailboxes.id"), info=no_person("which mailbox shall send it")
    )
    content: Mapped[dict[str, Any]] = mapped_column(info=no_person("the steps as they were typed"))
    revision: Mapped[int] = mapped_column(info=no_person("counts saves: a colleague's is not overwritten"))
    edited_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who saved it last")
    )
    edited_at: Mapped[datetime] = mapped_column(info=no_person("when"))


class Step(Base):
    """One mail, one task or one wait."""

    __tablename__ = "steps"
    __about__ = None
    __table_args__ = (UniqueConstraint("version_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    version_id: Mapped[int] = mapped_column(
        ForeignKey("sequence_versions.id"), info=no_person("of which version")
    )
    position: Mapped[int] = mapped_column(info=no_person("1 is the first"))
    lineage: Mapped[int] = mapped_column(
        info=no_person("which step it is: the same number in every version of its sequence")
    )
    kind: Mapped[StepKind] = mapped_column(info=no_person("mail, task or wait"))
    delay: Mapped[int] = mapped_column(info=no_person("working days after the step before, 0 to 60"))
    subject: Mapped[str] = mapped_column(
        String(200), default="", info=no_person("subject template; empty continues the thread")
    )
    body: Mapped[str] = mapped_column(Text, default="", info=no_person("text template, or what to do"))

    version: Mapped[SequenceVersion] = relationship(back_populates="steps", lazy="raise")


class StepVariant(Base):
    """One of two to four texts of a step. Its words never change; whether it is in use may."""

    __tablename__ = "step_variants"
    __about__ = None
    __table_args__ = (UniqueConstraint("step_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), info=no_person("of which step"))
    number: Mapped[int] = mapped_column(info=no_person("1 is A, the step's own text"))
    subject: Mapped[str] = mapped_column(String(200), info=no_person("subject template"))
    body: Mapped[str] = mapped_column(Text, info=no_person("text template"))
    text_key: Mapped[str] = mapped_column(
        String(32), info=no_person("the same words in another version are counted together")
    )
    off_at: Mapped[datetime | None] = mapped_column(info=no_person("nobody gets it since then"))


class Enrolment(Base):
    """Somebody on their way through a version of a sequence.

    `next_due_at` is set while the planner has something to do; it is empty while a message or a
    task is out, and in every state but `running`.

    What we hold up ourselves keeps its moment: `held_due_at` is when the step was due (or would have been)
    before we paused it. With `held_at` it is the remaining delay of a pause; without, of a running one that
    waits for its sequence or mailbox, what tells how late it is.
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
    approved_at: Mapped[datetime | None] = mapped_column(info=subject("when their first mail was approved"))
    approved_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who approved their first mail")
    )
    approved_words: Mapped[str | None] = mapped_column(
        String(32), info=subject("which words were approved, as a digest; none where it was not noted")
    )
    revision: Mapped[int] = mapped_column(
        default=0, server_default="0", info=subject("how often what their next mail rests on has changed")
    )
    tried_as: Mapped[str | None] = mapped_column(
        String(26), info=subject("the name of a mail that may have left and is to be sent again")
    )
    held_at: Mapped[datetime | None] = mapped_column(info=subject("when a pause stopped the clock"))
    held_due_at: Mapped[datetime | None] = mapped_column(
        info=subject("when the step was due before we held it up")
    )
    enrolled_by: Mapped[int | None] = mapped_column(
        ForeignKey("staff.id"), info=staff_data("who enrolled them")
    )
    enrolled_at: Mapped[datetime] = mapped_column(info=subject("when"))
    changed_at: Mapped[datetime] = mapped_column(info=subject("when the state last changed"))
