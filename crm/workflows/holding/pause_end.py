"""The end of a pause of a sequence, a mailbox or everything: another, none, and reached. Audited."""

import logging
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.db import Database
from crm.operations import pause_ends, switches
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import Sequence
from crm.workflows.holding.pause import Wish, hold, resume

log = logging.getLogger(__name__)

_PAUSED: Final = {
    Reach.MAILBOX: (Mailbox.id, Mailbox.paused_at),
    Reach.SEQUENCE: (Sequence.id, Sequence.paused_at),
}


def is_paused(session: Session, scope: Scope) -> bool:
    """Whether it is paused; never for one person's sequence, whose pause has its end with it."""
    if scope == EVERYTHING:
        return switches.is_on(session, switches.PAUSED)
    if scope.reach not in _PAUSED:
        return False
    id_, paused_at = _PAUSED[scope.reach]
    return session.scalar(select(id_).where(id_ == scope.id, paused_at.is_not(None))) is not None


def move_end(session: Session, scope: Scope, wish: Wish) -> bool:
    """Let a running pause end at another moment, or only by hand (`wish.until` None); False: it is over."""
    if not hold(session, scope) or not is_paused(session, scope):
        return False
    pause_ends.put(session, str(scope), wish.until, by=wish.by.id)
    chain.append(
        session,
        actor=wish.by,
        action=f"{scope.reach.value}.pause_moved",
        object=str(scope),
        detail={"until": wish.until.isoformat() if wish.until else None},
        at=wish.at,
    )
    return True


def end_those_over(database: Database, *, now: datetime) -> int:
    """Let go on whatever was paused until now; how many. Safe in several processes at once.

    One that fails is tried again the next time, and holds up neither the others nor what is planned after.
    """
    with database.reading() as session:
        found = pause_ends.over(session, now=now)
    ended = 0
    for name in found:
        try:
            ended += database.repeated(partial(end, name=name, now=now))
        except Exception:
            log.exception("a pause could not end", extra={"scope": name})
    return ended


def end(session: Session, *, name: str, now: datetime) -> bool:
    """Let one go on whose pause is over; False when somebody else did, or gave it another end."""
    scope = _scope(name)
    is_there = hold(session, scope)
    is_mine = pause_ends.take(session, name, now=now)
    return is_mine and is_there and resume(session, scope, Wish(chain.PROGRAM, now))


def _scope(name: str) -> Scope:
    reach, _, id_ = name.partition(" ")
    return Scope(Reach(reach), int(id_ or 0))
