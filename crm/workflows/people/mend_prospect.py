"""A colleague mends what stands in the way of writing to somebody: a ground, a mailbox, the others."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import notes
from crm.conversations.models import NoteKind
from crm.kernel.errors import NotFoundError
from crm.permission import evidence
from crm.permission.evidence import NewEvidence
from crm.permission.terms import AddressState
from crm.prospects import store
from crm.prospects.models import Company, Prospect
from crm.prospects.store import NewSource


def record_ground(
    session: Session, proof: NewEvidence | None, source: NewSource | None, *, by: chain.Actor, at: datetime
) -> None:
    """Write a proof down, or where the address comes from, or both. What was there stays."""
    if proof is not None:
        evidence.add(session, [proof])
        detail = {"basis": proof.basis.value}
        chain.append(
            session,
            actor=by,
            action="evidence.added",
            object=f"prospect:{proof.prospect_id}",
            detail=detail,
            at=at,
        )
    if source is not None:
        store.add_sources(session, [source], noted_by=by.id, import_id=None)


def record_measuring(
    session: Session, prospect_id: int, words: str, given_at: datetime, *, by: int, at: datetime
) -> None:
    """Write down that somebody agreed to our measuring whether they open mail (D4). Audited.

    What they agreed to stands on their timeline, and goes with them. An objection wins over it, and is not
    touched.
    """
    person = session.get_one(Prospect, prospect_id)
    if person.restricted_at is not None:
        return
    person.measuring_consent_at = given_at
    session.flush()
    said = f"Agreed that we may see whether they open our mail: {words}"
    notes.add(session, prospect_id, said, kind=NoteKind.NOTE, by=by, at=at)
    whom = f"prospect:{prospect_id}"
    chain.append(session, actor=chain.Actor.staff(by), action="measuring.agreed", object=whom, at=at)


def release_others(session: Session, prospect_id: int, *, by: chain.Actor, at: datetime) -> bool:
    """Let others at a company be written to again, after what one of them answered was read. Audited.

    Raises:
        NotFoundError: there is no such prospect (any more).
    """
    person = session.get(Prospect, prospect_id)
    if person is None:
        raise NotFoundError
    company = session.get_one(Company, person.company_id)
    if company.released_at is not None and company.released_at >= at:
        return False
    company.released_at = at
    session.flush()
    chain.append(session, actor=by, action="company.released", object=f"company:{company.id}", at=at)
    return True


def mark_working(session: Session, prospect_id: int) -> bool:
    """Say that an address takes mail, after a look; only where mail was turned away for a while."""
    changed = session.scalars(
        update(Prospect)
        .where(Prospect.id == prospect_id, Prospect.address_state == AddressState.BOUNCING.value)
        .values(address_state=AddressState.WORKS.value)
        .returning(Prospect.id)
    )
    return changed.one_or_none() is not None
