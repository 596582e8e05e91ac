"""A colleague asks for another round of tries with the image service."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.handoff import leads


def retry_lead(session: Session, lead_id: int, *, by: int, at: datetime, real_now: datetime) -> bool:
    """Queue a stuck lead again; False when it is not stuck. Audited."""
    if not leads.try_again(session, lead_id, now=real_now):
        return False
    chain.append(session, actor=chain.Actor.staff(by), action="lead.retried", object=f"lead {lead_id}", at=at)
    return True
