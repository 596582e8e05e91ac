"""The first person comes in: nobody has an account yet, so a link is printed."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.staff import accounts
from crm.staff.models import Role


def first_link(session: Session, base_url: str, *, at: datetime) -> str | None:
    """A one-time link that makes the administrator's account; None when somebody has one. Audited."""
    if accounts.count(session):
        return None
    return invitation_link(session, Role.ADMIN, base_url, actor=chain.OWNER, at=at)


def invitation_link(session: Session, role: Role, base_url: str, *, actor: chain.Actor, at: datetime) -> str:
    """A one-time link that gives a role, valid for 72 hours. Audited."""
    code = accounts.invite(session, role, by=actor.id, at=at)
    chain.append(session, actor=actor, action="staff.invited", detail={"role": role.value}, at=at)
    return f"{base_url}/claim/{code}"
