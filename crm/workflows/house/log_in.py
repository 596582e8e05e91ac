"""Somebody claims an account, logs in, or logs out."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.kernel.errors import NotFoundError
from crm.staff import accounts, passwords, sessions
from crm.staff.models import Staff


def log_in(session: Session, email: str, *, password: str, at: datetime) -> str:
    """Begin a session for somebody whose password was found right; audited.

    Returns:
        What goes into the cookie.

    Raises:
        NotFoundError: the account was disabled meanwhile.
    """
    person = accounts.by_email(session, email)
    if person is None or person.disabled_at is not None:
        raise NotFoundError
    if passwords.is_outdated(person.password_hash):
        person.password_hash = passwords.hashed(password)
    return _begin(session, person, how="password", at=at)


def claim_account(
    session: Session, code: str, *, name: str, email: str, password_hash: str, at: datetime
) -> str:
    """Use an invitation up, make the account, and log in; audited.

    Raises:
        NotFoundError: the invitation was used by somebody else meanwhile.
    """
    person = accounts.claim(session, code, name=name, email=email, password_hash=password_hash, at=at)
    chain.append(
        session,
        actor=chain.Actor.staff(person.id),
        action="staff.claimed",
        object=f"staff {person.id}",
        detail={"role": person.role.value},
        at=at,
    )
    return _begin(session, person, how="claim", at=at)


def walk_in(session: Session, staff_id: int, *, at: datetime) -> str:
    """Be one of the demo's invented staff. The door checks that this is the demo.

    Raises:
        NotFoundError: there is no such colleague.
    """
    person = session.get(Staff, staff_id)
    if person is None or person.disabled_at is not None:
        raise NotFoundError
    return _begin(session, person, how="demo", at=at)


def log_out(session: Session, value: str, *, at: datetime) -> None:
    """End one session; audited."""
    found = sessions.find(session, value, at=at)
    sessions.end(session, value)
    if found is not None:
        chain.append(session, actor=chain.Actor.staff(found.id), action="staff.logged_out", at=at)


def _begin(session: Session, person: Staff, *, how: str, at: datetime) -> str:
    chain.append(
        session, actor=chain.Actor.staff(person.id), action="staff.logged_in", detail={"how": how}, at=at
    )
    return sessions.start(session, person, at=at)
