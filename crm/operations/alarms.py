"""What the program stopped by itself, until a person has looked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.kernel.prepared import Prepared
from crm.operations.models import Alarm

LAID_ASIDE: Final = "laid_aside"
"""A message that no worker gets out, to somebody who has no page."""

MESSAGE: Final = "message"
"""Its scope, before its number."""

GATE: Final = "gate"
"""Whatever is due, the gate fails over it. It ends by itself when something leaves again."""

PLANNER: Final = "planner"
"""No mail can be made, or nobody's pause can end. It ends when a tick of the planner goes well."""

SOON: Final = "authentication_soon"
"""A mailbox's own domain proves nothing; it will be paused for that."""

AWAY: Final = "provider_away"
"""A mailbox's provider takes nobody's mail. It ends when it answers for one."""

_NO_PAUSE: Final = (GATE, PLANNER, SOON, AWAY)
"""Kinds that stopped nothing: they end when their cause does, whoever lets what go on."""

_alarms = Alarm.metadata.tables["alarms"]
_a = _alarms.c
_STANDING = Prepared(select(_a.scope).where(_a.kind == bindparam("kind"), _a.resolved_at.is_(None)))


def sound(session: Session, kind: str, scope: str, *, detail: Mapping[str, Any], at: datetime) -> bool:
    """Raise an alarm; False when it is raised already. The workflow around this stops what it is about."""
    try:
        with session.begin_nested():
            session.add(Alarm(kind=kind, scope=scope, detail=dict(detail), raised_at=at))
    except IntegrityError:
        return False
    return True


def standing(session: Session) -> list[Alarm]:
    """Those that nobody has dealt with, the oldest first."""
    query = select(Alarm).where(Alarm.resolved_at.is_(None)).order_by(Alarm.raised_at, Alarm.id)
    return list(session.scalars(query))


def stands(session: Session, scope: str, *, kind: str) -> bool:
    """Tell whether an alarm of this kind waits for somebody."""
    query = select(_a.id).where(_a.scope == scope, _a.kind == kind, _a.resolved_at.is_(None))
    return session.scalar(query) is not None


def scopes(session: Session, kind: str) -> list[str]:
    """What alarms of this kind that stand are about."""
    return [row[0] for row in _STANDING.rows(session, kind=kind)]


def resolve(session: Session, scope: str, *, by: int | None, at: datetime, kind: str | None = None) -> int:
    """Somebody has looked, and lets it go on; how many alarms (of one kind, when named) that ends."""
    which = [] if kind is None else [_a.kind == kind]
    ended = session.scalars(
        update(_alarms)
        .where(_a.scope == scope, _a.resolved_at.is_(None), *which)
        .values(resolved_at=at, resolved_by=by)
        .returning(_a.id)
    )
    return len(ended.all())


def let_go(session: Session, scope: str, *, by: int | None, at: datetime) -> None:
    """What was paused goes on: the alarms that it stood still for are over."""
    which = select(_a.kind).where(_a.scope == scope, _a.resolved_at.is_(None), _a.kind.not_in(_NO_PAUSE))
    for kind in session.scalars(which).all():
        resolve(session, scope, kind=kind, by=by, at=at)


def last_resolved(session: Session, scope: str, *, kind: str | None = None) -> datetime | None:
    """When somebody last let it go on after an alarm (of one kind): what was before does not count again."""
    which = [] if kind is None else [Alarm.kind == kind]
    return session.scalar(select(func.max(Alarm.resolved_at)).where(Alarm.scope == scope, *which))
