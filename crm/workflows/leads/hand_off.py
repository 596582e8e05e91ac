"""Give queued leads to the image service until it has them; the key makes every repetition safe (I25)."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import tasks
from crm.handoff import leads
from crm.handoff.leads import Claimed
from crm.handoff.models import Lead, LeadState
from crm.handoff.ports import Acknowledged, Conflict, HandOver, ImageService, Refused, TryLater
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.ids import new_public_id
from crm.queries.gate.recipients import recipients
from crm.workflows.leads.convert import has_refused
from crm.workflows.leads.send_signup_link import send_signup_link
from crm.workflows.planning.write_letter import Desk

log = logging.getLogger(__name__)

_NOT_TAKEN: Final = "The image service did not take this lead. Look at it under Leads."
_NO_WAY: Final = "They said yes, and no sign-up link could be mailed to them. Copy it under Leads."

MOST = 20
"""Leads in one run; the next run takes the rest."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What handing over takes from outside."""

    database: Database
    clocks: Clocks
    image_service: ImageService
    desk: Desk
    """For the sign-up link, which is mailed once the service has the lead."""


def hand_off(counter: Counter) -> int:
    """Hand over what waits; how many were tried. No transaction is open while the service is asked."""
    for done in range(MOST):
        if not _hand_over_one(counter):
            return done
    return MOST


def _hand_over_one(counter: Counter) -> bool:
    claim_id = new_public_id()
    with counter.database.transaction() as session:
        lead = leads.claim_next(session, claim_id=claim_id, now=counter.clocks.real())
        if lead is None:
            return False
        person = recipients(session, [lead.prospect_id]).get(lead.prospect_id)
        ring = counter.desk.settings.keys.addresses
        if person is None or person.restricted_at is not None or has_refused(session, ring, person):
            now = counter.clocks.calendar()
            leads.settle(session, lead, LeadState.REFUSED, claim_id=claim_id, outcome="objected", at=now)
            return True
    point("hand_off.after_claim")
    answer = counter.image_service.hand_over(lead.public_id, lead.body)
    point("hand_off.after_call")
    _record(counter, lead, answer, claim_id=claim_id)
    return True


def _record(counter: Counter, lead: Claimed, answer: HandOver, *, claim_id: str) -> None:
    now = counter.clocks.calendar()
    with counter.database.transaction() as session:
        match answer:
            case Acknowledged(remote_id):
                state, outcome = LeadState.HANDED_OVER, "acknowledged"
                if leads.settle(
                    session, lead, state, claim_id=claim_id, outcome=outcome, at=now, remote_id=remote_id
                ):
                    _audit(session, lead, "lead.handed_over", now)
                    _mail_the_link(session, counter, lead, now, claim_id)
            case Conflict(detail) | Refused(detail):
                state = LeadState.CONFLICT if isinstance(answer, Conflict) else LeadState.REFUSED
                if leads.settle(session, lead, state, claim_id=claim_id, outcome=detail, at=now):
                    _audit(session, lead, "lead.not_taken", now)
                    _ask_a_person(session, lead, _NOT_TAKEN, now, claim_id)
            case TryLater(reason, retry_after):
                again = leads.postpone(
                    session,
                    lead,
                    claim_id=claim_id,
                    outcome=reason.value,
                    wait=retry_after,
                    now=counter.clocks.real(),
                )
                if not again:
                    _ask_a_person(session, lead, _NOT_TAKEN, now, claim_id)
        point("hand_off.before_commit")
    point("hand_off.after_commit")
    log.info("lead tried", extra={"lead": lead.id, "answer": type(answer).__name__, "attempt": lead.attempt})


def _audit(session: Session, lead: Claimed, action: str, now: datetime) -> None:
    chain.append(session, actor=chain.PROGRAM, action=action, object=f"lead {lead.id}", at=now)


def _mail_the_link(session: Session, counter: Counter, lead: Claimed, now: datetime, claim_id: str) -> None:
    """They said yes, so somebody hears of it when there is no way to write to them."""
    wanted = session.scalar(select(Lead.link_by_mail).where(Lead.id == lead.id))
    if wanted and not send_signup_link(session, counter.desk, lead.id, now=now):
        _ask_a_person(session, lead, _NO_WAY, now, claim_id)


def _ask_a_person(session: Session, lead: Claimed, title: str, now: datetime, claim_id: str) -> None:
    """One question a try: the same lead may get stuck again after somebody asked for another round."""
    tasks.ask(session, lead.prospect_id, title, dedupe_key=f"lead:{lead.id}:{claim_id}", now=now)
