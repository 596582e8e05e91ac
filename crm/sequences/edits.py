"""Words that a colleague changed for one person: of one step, before it left (D9)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import Path, no_person, staff_data, subject
from crm.kernel.prepared import Prepared, one_of
from crm.sequences.texts import Words


class StepEdit(Base):
    """The words of one step for one person only: a colleague changed that mail before it left."""

    __tablename__ = "step_edits"
    __about__ = Path("enrolment_id", "enrolments")
    __table_args__ = (UniqueConstraint("enrolment_id", "step_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("enrolments.id", ondelete="CASCADE"), info=subject("whose mail")
    )
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), info=subject("which step"))
    subject_line: Mapped[str] = mapped_column(
        String(200), info=subject("its subject; empty continues the thread")
    )
    body: Mapped[str] = mapped_column(Text, info=subject("its text"))
    edited_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who changed it"))
    edited_at: Mapped[datetime] = mapped_column(info=subject("when"))


_d = StepEdit.metadata.tables["step_edits"].c
_OF = Prepared(
    select(_d.enrolment_id, _d.step_id, _d.subject_line, _d.body).where(one_of(_d.enrolment_id, "ids"))
)


def of(session: Session, enrolment_ids: Collection[int]) -> dict[tuple[int, int], Words]:
    """The changed words, by enrolment and step."""
    rows = _OF.rows(session, ids=list(enrolment_ids))
    return {(row[0], row[1]): Words(row[2], row[3]) for row in rows}


def keep(
    session: Session, enrolment_id: int, step_id: int, words: Words, *, by: int | None, at: datetime
) -> None:
    """Say these words to this person, in place of the step's own or of an earlier change."""
    take_off(session, enrolment_id, step_id)
    session.add(
        StepEdit(
            enrolment_id=enrolment_id,
            step_id=step_id,
            subject_line=words.subject,
            body=words.body,
            edited_by=by,
            edited_at=at,
        )
    )
    session.flush()


@dataclass(frozen=True, slots=True)
class Edited:
    """Who changed the words of a mail, and when."""

    by: int | None
    at: datetime


def last(session: Session, enrolment_id: int, step_id: int) -> Edited | None:
    """The change that holds; None where the step's own words do."""
    query = select(_d.edited_by, _d.edited_at).where(_d.enrolment_id == enrolment_id, _d.step_id == step_id)
    row = session.execute(query).one_or_none()
    return Edited(*row) if row else None


def carry(session: Session, steps: Mapping[tuple[int, int], int]) -> None:
    """Let changed words follow somebody into another version: (enrolment, step) to its step there."""
    for (enrolment_id, step_id), there in sorted(steps.items()):
        session.execute(
            update(StepEdit)
            .where(_d.enrolment_id == enrolment_id, _d.step_id == step_id)
            .values(step_id=there)
            .execution_options(synchronize_session=False)
        )


def take_off(session: Session, enrolment_id: int, step_id: int) -> None:
    """Say the step's own words again."""
    session.execute(delete(StepEdit).where(_d.enrolment_id == enrolment_id, _d.step_id == step_id))
