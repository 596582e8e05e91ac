"""A colleague gets another role, leaves, or comes back."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.errors import CrmError, NotFoundError
from crm.staff import sessions
from crm.staff.models import Role, Staff


class OwnAccountError(CrmError):
    """Nobody changes their own role or shuts themselves out: the last administrator would be gone."""

    def __init__(self) -> None:
        super().__init__("You cannot do this to your own account. Ask another administrator.")


def change_role(session: Session, staff_id: int, role: Role, *, by: int | None, at: datetime) -> None:
    """Give another role; all their sessions end (I33). Audited. Raises NotFoundError, OwnAccountError."""
    person = _other(session, staff_id, by)
    if person.role is role:
        return
    person.role = role
    _ended(session, person, "staff.role_changed", by=by, at=at, detail={"role": role.value})


def disable(session: Session, staff_id: int, *, by: int | None, at: datetime) -> None:
    """Shut an account; every session of theirs ends. Audited. Raises NotFoundError, OwnAccountError."""
    person = _other(session, staff_id, by)
    person.disabled_at = at
    _ended(session, person, "staff.disabled", by=by, at=at, detail={})


def enable(session: Session, staff_id: int, *, by: int | None, at: datetime) -> None:
    """Open an account again. Audited. Raises NotFoundError, OwnAccountError."""
    person = _other(session, staff_id, by)
    person.disabled_at = None
    _ended(session, person, "staff.enabled", by=by, at=at, detail={})


def _other(session: Session, staff_id: int, by: int | None) -> Staff:
    person = session.get(Staff, staff_id)
    if person is None:
        raise NotFoundError
    if person.id == by:
        raise OwnAccountError
    return person


def _ended(
    session: Session, person: Staff, action: str, *, by: int | None, at: datetime, detail: dict[str, str]
) -> None:
    session.flush()
    sessions.end_all(session, person.id)
    actor = chain.Actor.staff(by) if by is not None else chain.OWNER
    chain.append(session, actor=actor, action=action, object=f"staff {person.id}", detail=detail, at=at)
