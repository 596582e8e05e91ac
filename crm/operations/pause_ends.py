"""When a pause of a sequence, a mailbox or everything ends by itself; without a row it waits for somebody."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.kernel.db import Base
from crm.kernel.inventory import no_person, staff_data


class PauseEnd(Base):
    """The end of a pause that runs."""

    __tablename__ = "pause_ends"
    __about__ = None

    scope: Mapped[str] = mapped_column(
        String(64), primary_key=True, info=no_person("what is paused: sequence 4, mailbox 2, everything")
    )
    ends_at: Mapped[datetime] = mapped_column(index=True, info=no_person("when it goes on by itself"))
    set_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who said so"))


def of(session: Session, scope: str) -> datetime | None:
    """When the pause of a scope ends; None when it waits for somebody, or nothing is paused."""
    return session.scalar(select(PauseEnd.ends_at).where(PauseEnd.scope == scope))


def standing(session: Session) -> dict[str, datetime]:
    """When each pause that has an end is over, by its scope."""
    return {one.scope: one.ends_at for one in session.scalars(select(PauseEnd))}


def put(session: Session, scope: str, ends_at: datetime | None, *, by: int | None) -> None:
    """Give a pause this end; None takes it away."""
    if ends_at is None:
        session.execute(delete(PauseEnd).where(PauseEnd.scope == scope))
    else:
        session.merge(PauseEnd(scope=scope, ends_at=ends_at, set_by=by))
        session.flush()


def over(session: Session, *, now: datetime) -> list[str]:
    """Scopes whose pause is over."""
    return list(session.scalars(select(PauseEnd.scope).where(PauseEnd.ends_at <= now)))


def take(session: Session, scope: str, *, now: datetime) -> bool:
    """End it, once; False when somebody else did, or moved the end meanwhile."""
    taken = delete(PauseEnd).where(PauseEnd.scope == scope, PauseEnd.ends_at <= now).returning(PauseEnd.scope)
    return session.scalar(taken) is not None
