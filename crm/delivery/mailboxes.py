"""The mailboxes we send from."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.kernel.prepared import Prepared

_m = Mailbox.metadata.tables["mailboxes"].c


_OPEN = Prepared(select(_m.id, _m.time_zone, _m.daily_cap).where(_m.paused_at.is_(None)).order_by(_m.id))


@dataclass(frozen=True, slots=True)
class Outlet:
    """A mailbox, as the one who sends sees it."""

    id: int
    time_zone: str
    daily_cap: int


def open_outlets(session: Session) -> list[Outlet]:
    """Every mailbox that is not paused."""
    return [Outlet(*row) for row in _OPEN.rows(session)]


def by_id(session: Session, mailbox_id: int) -> Mailbox | None:
    """One mailbox."""
    return session.get(Mailbox, mailbox_id)


def pause(session: Session, mailbox_id: int, *, reason: str, at: datetime) -> bool:
    """Let nothing leave a mailbox until a person resumes it; False when it was paused already.

    `reason` is a code of at most 64 characters.
    """
    paused = session.scalars(
        update(Mailbox.metadata.tables["mailboxes"])
        .where(_m.id == mailbox_id, _m.paused_at.is_(None))
        .values(paused_at=at, pause_reason=reason[:64])
        .returning(_m.id)
    )
    return paused.one_or_none() is not None


def resume(session: Session, mailbox_id: int) -> bool:
    """Let a mailbox send again; False when it was not paused."""
    resumed = session.scalars(
        update(Mailbox.metadata.tables["mailboxes"])
        .where(_m.id == mailbox_id, _m.paused_at.is_not(None))
        .values(paused_at=None, pause_reason="")
        .returning(_m.id)
    )
    return resumed.one_or_none() is not None
