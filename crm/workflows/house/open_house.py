"""The house opens: a link for the first person, who finds a mailbox to send from."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.settings import Settings
from crm.staff import accounts
from crm.staff.models import Role


def first_link(session: Session, base_url: str, *, at: datetime) -> str | None:
    """A one-time link that makes the administrator's account; None when somebody has one. Audited.

    It takes the place of those of earlier starts: used by the second to find one, they would make a second
    administrator.
    """
    if accounts.count(session):
        return None
    accounts.withdraw_first(session)
    return invitation_link(session, Role.ADMIN, base_url, actor=chain.OWNER, at=at)


def first_mailbox(session: Session, settings: Settings) -> bool:
    """Make a mailbox of our own domain where there is none: without one no sequence can be published."""
    if session.scalar(select(Mailbox.id).limit(1)) is not None:
        return False
    name = settings.controller.name
    address = f"sales@{settings.mail_domain}"
    session.add(Mailbox(address=address, display_name=name, sender_name=name))
    return True


def invitation_link(session: Session, role: Role, base_url: str, *, actor: chain.Actor, at: datetime) -> str:
    """A one-time link that gives a role, valid for 72 hours. Audited."""
    code = accounts.invite(session, role, by=actor.id, at=at)
    chain.append(session, actor=actor, action="staff.invited", detail={"role": role.value}, at=at)
    return f"{base_url}/claim/{code}"
