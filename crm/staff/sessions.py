"""Server-side sessions: the cookie holds 256 random bits, the table their SHA-256 (SD2)."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from crm.kernel.ids import secret_token
from crm.staff.accounts import digest
from crm.staff.models import Role, Staff, StaffSession

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
_TOUCH_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Me:
    """The colleague behind a request."""

    id: int
    name: str
    role: Role
    csrf_token: str
    """Follows from the session's secret, so there is no other key to rotate (SD5)."""


def start(session: Session, staff: Staff, *, at: datetime) -> str:
    """Begin a session; the value returned goes into the cookie and is kept nowhere else."""
    value = secret_token()
    session.add(
        StaffSession(
            digest=digest(value), staff_id=staff.id, epoch=staff.session_epoch, created_at=at, seen_at=at
        )
    )
    session.flush()
    return value


def find(session: Session, value: str, *, at: datetime) -> Me | None:
    """The colleague whose cookie this is; None when it is unknown, too old, or was ended."""
    row = session.execute(
        select(StaffSession, Staff)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.digest == digest(value))
    ).one_or_none()
    if row is None:
        return None
    kept, staff = row.StaffSession, row.Staff
    if staff.disabled_at is not None or kept.epoch != staff.session_epoch:
        return None
    if at - kept.seen_at > IDLE or at - kept.created_at > ABSOLUTE:
        return None
    return Me(id=staff.id, name=staff.name, role=staff.role, csrf_token=csrf_token(value))


def is_stale(session: Session, value: str, *, at: datetime) -> bool:
    """Tell whether `seen_at` should be brought up to date: every five minutes is enough."""
    seen = session.scalar(select(StaffSession.seen_at).where(StaffSession.digest == digest(value)))
    return seen is not None and at - seen > _TOUCH_EVERY


def touch(session: Session, value: str, *, at: datetime) -> None:
    """Remember that the session is in use."""
    session.execute(update(StaffSession).where(StaffSession.digest == digest(value)).values(seen_at=at))


def end(session: Session, value: str) -> None:
    """End one session."""
    session.execute(delete(StaffSession).where(StaffSession.digest == digest(value)))


def forget(session: Session, *, at: datetime) -> int:
    """Drop sessions that have ended by themselves; how many."""
    over = or_(StaffSession.seen_at < at - IDLE, StaffSession.created_at < at - ABSOLUTE)
    result = session.execute(delete(StaffSession).where(over))
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE has one


def end_all(session: Session, staff_id: int) -> None:
    """End every session of a colleague: on a new password, another role, or when they leave."""
    session.execute(update(Staff).where(Staff.id == staff_id).values(session_epoch=Staff.session_epoch + 1))
    session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def csrf_token(value: str) -> str:
    """The token that a form of this session must send along."""
    return hmac.new(value.encode(), b"crm.csrf", hashlib.sha256).hexdigest()


def fits(me: Me, token: str) -> bool:
    """Tell whether a form came from a page of this session."""
    return hmac.compare_digest(me.csrf_token.encode(), token.encode())


def name_of(email: str, key: str) -> str:
    """A name for an account in the table of limits, whether the account exists or not."""
    return hmac.new(key.encode(), email.encode(), hashlib.sha256).hexdigest()[:32]
