"""How far a provider's lists and ours have been told to each other; one process at a time is at it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.event_models import ProviderSync

PUSH: Final = "push"
"""Our refusals on their way to the provider, as they come."""

RECONCILE: Final = "reconcile"
"""Both lists, whole, once a day."""

ASIDE: Final = "set_aside"
"""No errand: whom the provider did not take when they were told last."""

_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)

_syncs = ProviderSync.metadata.tables["provider_syncs"]
_s = _syncs.c


def take(session: Session, name: str, *, real_now: datetime, hold_until: datetime) -> int | None:
    """Be the one who does it, if it is due: the position to go on from; None when it is not, or taken."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(_syncs).values(name=name, position=0, next_at=real_now, detail={})
    session.execute(fresh.on_conflict_do_nothing())
    mine = (
        update(_syncs)
        .where(_s.name == name, _s.next_at <= real_now)
        .values(next_at=hold_until)
        .returning(_s.position)
    )
    return session.scalars(mine).one_or_none()


def is_due(session: Session, name: str, *, real_now: datetime) -> bool:
    """Tell whether `take` would succeed, without writing anything."""
    next_at = session.scalar(select(_s.next_at).where(_s.name == name))
    return next_at is None or next_at <= real_now


def detail(session: Session, name: str) -> dict[str, Any]:
    """What the last run left beside its position; empty before the first."""
    return session.scalar(select(_s.detail).where(_s.name == name)) or {}


def done(
    session: Session, name: str, *, next_at: datetime, position: int, detail: dict[str, Any] | None = None
) -> None:
    """Let go: how far it is, and when it is due again."""
    session.execute(
        update(_syncs).where(_s.name == name).values(next_at=next_at, position=position, detail=detail or {})
    )


def set_aside(session: Session, prospects: Mapping[int, str], *, all_of_them: bool = False) -> None:
    """Note whom a provider does not take, and why: beside the others, or as `all_of_them` there are."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(_syncs).values(name=ASIDE, position=0, next_at=_NEVER, detail={})
    session.execute(fresh.on_conflict_do_nothing())
    held = session.scalars(select(_s.detail).where(_s.name == ASIDE).with_for_update()).one()
    noted = {str(one): reason for one, reason in prospects.items()}
    session.execute(
        update(_syncs).where(_s.name == ASIDE).values(detail=noted if all_of_them else {**held, **noted})
    )


def aside(session: Session) -> dict[int, str]:
    """Whom the provider did not take when they were told last, and why."""
    return {int(one): reason for one, reason in detail(session, ASIDE).items()}
