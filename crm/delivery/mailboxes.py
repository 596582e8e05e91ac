"""The mailboxes we send from."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.delivery.pacing import Pace
from crm.kernel.prepared import Prepared

_mailboxes = Mailbox.metadata.tables["mailboxes"]
_m = _mailboxes.c


_OPEN = Prepared(
    select(
        _m.id, _m.time_zone, _m.free_at,
        _m.daily_cap, _m.gap_seconds, _m.jitter_seconds, _m.ramp_start, _m.ramp_step,
    )
    .where(_m.paused_at.is_(None))
    .order_by(_m.id)
)  # fmt: skip
_PACES = Prepared(select(_m.id, _m.daily_cap, _m.gap_seconds, _m.jitter_seconds, _m.ramp_start, _m.ramp_step))
_TAKE = Prepared(
    update(_mailboxes)
    .where(
        _m.id == bindparam("mailbox"),
        or_(_m.free_at.is_(None), _m.free_at <= bindparam("now")),
    )
    .values(free_at=bindparam("then"), held_by=bindparam("claim"))
)
_SETTLE = Prepared(
    update(_mailboxes)
    .where(_m.id == bindparam("mailbox"), _m.held_by == bindparam("claim"))
    .values(free_at=bindparam("then"), held_by=None)
)


@dataclass(frozen=True, slots=True)
class Outlet:
    """A mailbox, as the one who sends sees it."""

    id: int
    time_zone: str
    free_at: datetime | None
    pace: Pace


def open_outlets(session: Session, *, most: int | None = None) -> list[Outlet]:
    """Every mailbox that is not paused. `most`: what none may exceed in a day."""
    return [
        Outlet(row[0], row[1], row[2], Pace.of(dict(zip(Pace.COLUMNS, row[3:], strict=True)), most=most))
        for row in _OPEN.rows(session)
    ]


def paces(session: Session, *, most: int | None = None) -> dict[int, Pace]:
    """How fast each mailbox may send, paused ones included. `most`: what none may exceed in a day."""
    return {
        row[0]: Pace.of(dict(zip(Pace.COLUMNS, row[1:], strict=True)), most=most)
        for row in _PACES.rows(session)
    }


def take_turn(session: Session, mailbox_id: int, claim_id: str, *, until: datetime, now: datetime) -> bool:
    """Keep everybody else from a mailbox until a moment; False when somebody was faster.

    The row is locked until the transaction ends, so two workers never both have a turn.
    """
    return _TAKE.run(session, mailbox=mailbox_id, claim=claim_id, then=until, now=now) == 1


def end_turn(session: Session, mailbox_id: int, claim_id: str, *, free_at: datetime | None) -> None:
    """Say from when on it is free, as far as this claim still has its turn; None is at once.

    After a hand-over that is the wait from there; a message that did not leave keeps nobody waiting.
    """
    _SETTLE.run(session, mailbox=mailbox_id, claim=claim_id, then=free_at)


def by_id(session: Session, mailbox_id: int) -> Mailbox | None:
    """One mailbox."""
    return session.get(Mailbox, mailbox_id)


def hold(session: Session, mailbox_id: int) -> bool:
    """Let nobody else pause it, or let it send again, until we commit; False: there is no such mailbox.

    An update of what is not paused would not wait for whoever is about to let it send again.
    """
    row = select(_m.id).where(_m.id == mailbox_id).with_for_update(key_share=True)
    return session.scalar(row) is not None


def pause(session: Session, mailbox_id: int, *, reason: str, at: datetime) -> bool:
    """Let nothing leave a mailbox until a person resumes it; False when it was paused already.

    `reason` is a code of at most 64 characters.
    """
    hold(session, mailbox_id)
    paused = session.scalars(
        update(_mailboxes)
        .where(_m.id == mailbox_id, _m.paused_at.is_(None))
        .values(paused_at=at, pause_reason=reason[:64])
        .returning(_m.id)
    )
    return paused.one_or_none() is not None


def explain(session: Session, mailbox_id: int, *, reason: str) -> bool:
    """Say otherwise why a mailbox is paused; False when it is not, or for that reason already."""
    other = (_m.id == mailbox_id, _m.paused_at.is_not(None), _m.pause_reason != reason[:64])
    changed = update(_mailboxes).where(*other).values(pause_reason=reason[:64]).returning(_m.id)
    return session.scalar(changed) is not None


def resume(session: Session, mailbox_id: int) -> bool:
    """Let a mailbox send again; False when it was not paused."""
    resumed = session.scalars(
        update(_mailboxes)
        .where(_m.id == mailbox_id, _m.paused_at.is_not(None))
        .values(paused_at=None, pause_reason="")
        .returning(_m.id)
    )
    return resumed.one_or_none() is not None
