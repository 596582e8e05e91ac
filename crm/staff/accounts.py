"""Accounts, and the one-time links with which somebody claims one."""

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.kernel.errors import NotFoundError
from crm.kernel.ids import secret_token
from crm.staff.models import Invitation, Role, Staff

INVITATION_LIFE = timedelta(hours=72)


def digest(code: str) -> str:
    """How a secret is kept: SHA-256, in hex. The secrets have 256 random bits, so no key is needed."""
    return hashlib.sha256(code.encode()).hexdigest()


def count(session: Session) -> int:
    """How many accounts there are; none means that nobody has claimed the installation."""
    return session.scalar(select(func.count()).select_from(Staff)) or 0


def by_email(session: Session, email: str) -> Staff | None:
    """The account with this address, whatever its case."""
    return session.scalar(select(Staff).where(Staff.email == email.strip().lower()))


def by_id(session: Session, staff_id: int) -> Staff | None:
    """The account with this number."""
    return session.get(Staff, staff_id)


def everybody(session: Session) -> list[Staff]:
    """All accounts, by name."""
    return list(session.scalars(select(Staff).order_by(Staff.name)))


def name_of(session: Session, staff_id: int | None) -> str:
    """What a colleague is called; empty for the command line, and for who is gone."""
    return session.scalar(select(Staff.name).where(Staff.id == staff_id)) or ""


def invite(session: Session, role: Role, *, by: int | None, at: datetime) -> str:
    """Make a one-time code, valid for 72 hours of real time. Only its digest is kept."""
    code = secret_token()
    session.add(Invitation(digest=digest(code), role=role, invited_by=by, expires_at=at + INVITATION_LIFE))
    session.flush()
    return code


def open_invitation(session: Session, code: str, *, at: datetime) -> Invitation:
    """The invitation behind a code.

    Raises:
        NotFoundError: there is none, it was used, or it is too old.
    """
    found = session.get(Invitation, digest(code))
    if found is None or found.used_at is not None or found.expires_at < at:
        raise NotFoundError
    return found


def withdraw_first(session: Session) -> None:
    """Drop links to the administrator's account that the installation itself made and nobody used."""
    ours = (Invitation.role == Role.ADMIN, Invitation.invited_by.is_(None), Invitation.used_at.is_(None))
    session.execute(delete(Invitation).where(*ours))


def forget_invitations(session: Session, *, before: datetime) -> int:
    """Drop links that ended before a moment, used or not; how many. Who was invited is in the audit."""
    result = session.execute(delete(Invitation).where(Invitation.expires_at < before))
    return int(result.rowcount)  # type: ignore[attr-defined] # a DELETE has one


def claim(session: Session, code: str, *, name: str, email: str, password_hash: str, at: datetime) -> Staff:
    """Use an invitation up and make the account it gives.

    Raises:
        NotFoundError: the code is not, or no longer, good: of twenty at once one gets it.
    """
    used = session.scalar(
        update(Invitation)
        .where(Invitation.digest == digest(code), Invitation.used_at.is_(None), Invitation.expires_at >= at)
        .values(used_at=at)
        .returning(Invitation.role)
    )
    if used is None:
        raise NotFoundError
    person = Staff(
        name=name, email=email.strip().lower(), password_hash=password_hash, role=Role(used), created_at=at
    )
    session.add(person)
    session.flush()
    return person
