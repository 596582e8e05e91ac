"""Somebody goes on to the image service with their sign-up link."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.handoff import leads
from crm.handoff.models import Lead


def go_to_sign_up(session: Session, digest: str, *, at: datetime) -> Lead | None:
    """Use the code up; None when it is unknown, used or expired. Audited. Never depends on an opening."""
    lead = leads.use_code(session, digest, at=at)
    if lead is not None:
        chain.append(session, actor=chain.PERSON, action="lead.started", object=f"lead {lead.id}", at=at)
    return lead
