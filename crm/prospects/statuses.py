"""How far we are with a prospect, and the way there."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.prospects.models import Prospect, Status, StatusChange

ON_THE_WAY: Final = (Status.NEW, Status.CONTACTED, Status.REPLIED, Status.MEETING)
"""The order in which things happen by themselves; `converted` and `lost` end it."""


def move(  # noqa: PLR0913 - all but two by name
    session: Session,
    prospect_id: int,
    to: Status,
    *,
    at: datetime,
    by: int | None = None,
    because: str = "",
    only_from: Collection[Status] = tuple(Status),
) -> bool:
    """Change a status and keep the step.

    Args:
        session: the caller's transaction.
        prospect_id: whose.
        to: the new status.
        at: when.
        by: the colleague; None is the program.
        because: what made it change, as a code of at most 64 characters.
        only_from: leave it alone when it is none of these.

    Returns:
        False when nothing changed: it is already there, is none of `only_from`, or the prospect is gone.
    """
    was = session.scalar(select(Prospect.status).where(Prospect.id == prospect_id))
    if was is None or was is to or was not in only_from:
        return False
    changed = session.execute(
        update(Prospect)
        .where(Prospect.id == prospect_id, Prospect.status == was)
        .values(status=to)
        .execution_options(synchronize_session="fetch")
    )
    if not changed.rowcount:  # type: ignore[attr-defined] # an UPDATE has one
        return False
    session.add(
        StatusChange(
            prospect_id=prospect_id, was=was, became=to, because=because[:64], changed_by=by, changed_at=at
        )
    )
    session.flush()
    return True


def advance(session: Session, prospect_id: int, to: Status, *, at: datetime, because: str) -> bool:
    """What the program sees moves a prospect forward only: a late delivery report never undoes an answer."""
    earlier = ON_THE_WAY[: ON_THE_WAY.index(to)] if to in ON_THE_WAY else ON_THE_WAY
    return move(session, prospect_id, to, at=at, because=because, only_from=earlier)


def undo(
    session: Session, prospect_id: int, *, because: str, made_at: datetime, at: datetime, by: int
) -> bool:
    """Go back where a step came from, as long as nobody has gone further since."""
    newest = select(StatusChange).where(StatusChange.prospect_id == prospect_id)
    last = session.scalar(newest.order_by(StatusChange.changed_at.desc(), StatusChange.id.desc()).limit(1))
    if last is None or (last.because, last.changed_at) != (because, made_at):
        return False
    return move(session, prospect_id, last.was, at=at, by=by, because="taken_back", only_from=[last.became])


def history(session: Session, prospect_id: int) -> list[StatusChange]:
    """Every step, oldest first."""
    query = select(StatusChange).where(StatusChange.prospect_id == prospect_id)
    return list(session.scalars(query.order_by(StatusChange.changed_at, StatusChange.id)))
