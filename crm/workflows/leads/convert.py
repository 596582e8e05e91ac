"""Somebody says yes: sequences stop, a lead is queued for the image service."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import outbox
from crm.handoff import leads
from crm.handoff.models import Lead
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import CrmError, NotFoundError
from crm.kernel.faults import point
from crm.kernel.ids import new_public_id
from crm.kernel.public_links import PublicLinks, code_digest
from crm.privacy import register
from crm.prospects import statuses
from crm.prospects.models import Status
from crm.queries.gate.recipients import Recipient, covering_digests, recipients
from crm.sequences import enrolments
from crm.sequences.models import StopReason
from crm.workflows.planning.thread_letter import language_of


class StandingNoError(CrmError):
    """This person told us to stop, so nothing about them is handed over (I27)."""

    def __init__(self) -> None:
        super().__init__(
            "They told us not to use their data. If they changed their mind, they can sign up themselves."
        )


@dataclass(frozen=True, slots=True)
class Converting:
    """What a conversion takes, beside the person."""

    ring: AddressKeys
    links: PublicLinks
    now: datetime
    """Calendar time."""

    real_now: datetime
    link_by_mail: bool = True
    """We mail the sign-up link once the service has the lead; else a colleague passes it on."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The lead of somebody who said yes."""

    lead: Lead
    is_new: bool
    """False: somebody had noted the yes before, and it is theirs."""


def convert(session: Session, prospect_id: int, how: Converting, *, by: chain.Actor) -> Converted:
    """Stop what runs, and queue the lead. Asked twice, the first lead is the answer. Audited.

    Raises:
        NotFoundError: there is no such prospect.
        StandingNoError: they told us to stop.
    """
    person = recipients(session, [prospect_id]).get(prospect_id)
    if person is None:
        raise NotFoundError
    known = leads.of_prospect(session, prospect_id)
    if known is not None:
        return Converted(known, is_new=False)
    if has_refused(session, how.ring, person) or person.restricted_at is not None:
        raise StandingNoError
    try:
        with session.begin_nested():
            lead = _new_lead(session, person, how, by)
    except IntegrityError as error:  # somebody else noted the yes at the same moment: theirs counts
        known = leads.of_prospect(session, prospect_id)
        if known is None:
            raise NotFoundError from error
        return Converted(known, is_new=False)
    point("lead.after_insert")
    enrolments.stop_all(session, [prospect_id], StopReason.CONVERTED, at=how.now)
    outbox.cancel_due(session, prospect_ids=[prospect_id], reason="converted", at=how.now)
    statuses.move(session, prospect_id, Status.CONVERTED, at=how.now, by=by.id, because="said_yes")
    chain.append(session, actor=by, action="lead.queued", object=f"lead {lead.id}", at=how.now)
    return Converted(lead, is_new=True)


def has_refused(session: Session, ring: AddressKeys, person: Recipient) -> bool:
    """Tell whether a no to mail stands under any name of this person."""
    found = register.standing(session, covering_digests(ring, person))
    return any(refusal.scope in register.STOPS_MAIL for refusal in found)


def _new_lead(session: Session, person: Recipient, how: Converting, by: chain.Actor) -> Lead:
    public_id = f"lead_{new_public_id()}"
    digest = code_digest(how.links.new_start_code(public_id))
    expires_at = how.now + leads.CODE_LIFE
    website = person.website if person.website.startswith(("https://", "http://")) else ""
    lead = Lead(
        public_id=public_id,
        prospect_id=person.id,
        code_digest=digest,
        code_expires_at=expires_at,
        link_by_mail=how.link_by_mail,
        body=leads.frozen_body(
            lead_id=public_id,
            code_digest=digest,
            created_at=how.now,
            expires_at=expires_at,
            language=language_of(person).value,
            company={"name": person.company, "country": person.country, "website": website[:300]},
        ),
        next_try_at=how.real_now,
        converted_by=by.id,
        converted_at=how.now,
        changed_at=how.now,
    )
    session.add(lead)
    session.flush()
    return lead
