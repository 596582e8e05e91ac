"""A colleague puts right what we know of a person or a company."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.domains import checks
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import address_kind
from crm.kernel.digests import AddressKeys
from crm.permission.terms import AddressState
from crm.privacy import register
from crm.privacy.journal import Journal
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Standing, Wish
from crm.prospects import editing, second_addresses
from crm.prospects.companies import zone_of_country
from crm.prospects.editing import (
    AddressTakenError,
    CompanyChanges,
    Edited,
    ProspectChanges,
    RestrictedError,
)
from crm.prospects.models import Company, Prospect
from crm.prospects.spelling import Names, names_of, renew_keys
from crm.sequences import order
from crm.workflows.planning.unplan import unplan

CHANNEL: Final = "rectified"


def edit_prospect(  # noqa: PLR0913 - by name
    session: Session,
    prospect_id: int,
    changes: ProspectChanges,
    *,
    version: int,
    ring: AddressKeys,
    journal: Journal,
    by: int,
    now: datetime,
) -> Edited:
    """Write what changed; mail that is planned for them is planned anew. Audited by field, without values.

    A new address takes every refusal along (P31): whoever objected under the old one objected.

    Raises:
        NotFoundError: the prospect is gone.
        EditConflictError: somebody else saved in between; it holds both values.
        RestrictedError: their data may only be kept as it is.
        AddressTakenError: another prospect has the new address.
        OSError: a refusal that moves along could not be kept in the journal.
    """
    order.lock_of(session, [prospect_id])
    person = editing.opened(session, Prospect, prospect_id)
    if person.restricted_at is not None:
        raise RestrictedError("Their data may only be kept as it is (GDPR article 18).")
    wanted, names = changes.given, None
    old = names_of(ring, EmailAddress.parse(person.address))
    if changes.address is not None:
        names = names_of(ring, changes.address)
        wanted |= _address(session, prospect_id, changes.address, names)
        if names.identity == person.address_digest:
            wanted.pop("address_state")
    edited = editing.write(session, person, version, wanted)
    if names is not None and "address_digest" in edited.changed:
        renew_keys(session, prospect_id, names)
        _carry_refusals(session, journal, old, names, now=now)
        checks.want(session, [changes.address.domain] if changes.address else [])
    _finish(session, f"prospect:{prospect_id}", [prospect_id], edited, by=by, now=now)
    return edited


def edit_company(
    session: Session, company_id: int, changes: CompanyChanges, *, version: int, by: int, now: datetime
) -> Edited:
    """Write what changed of a company; its people's lists follow. Audited by field, without values.

    Raises:
        NotFoundError: the company is gone.
        EditConflictError: somebody else saved in between; it holds both values.
    """
    people = session.scalars(select(Prospect.id).where(Prospect.company_id == company_id)).all()
    order.lock_of(session, people)
    company = editing.opened(session, Company, company_id)
    wanted = changes.given
    moves = "country" in wanted and wanted["country"] != company.country
    if moves and "time_zone" not in wanted and company.time_zone == zone_of_country(company.country):
        wanted["time_zone"] = zone_of_country(wanted["country"])
    edited = editing.write(session, company, version, wanted)
    if "country" in edited.changed:
        session.execute(
            update(Prospect).where(Prospect.company_id == company_id).values(country=company.country)
        )
    _finish(session, f"company:{company_id}", people, edited, by=by, now=now)
    return edited


def _address(session: Session, prospect_id: int, address: EmailAddress, names: Names) -> dict[str, Any]:
    taken = session.scalar(
        select(Prospect.id).where(Prospect.address_digest.in_(names.identities), Prospect.id != prospect_id)
    )
    noted = second_addresses.owner(session, names.identities)
    if taken is None and noted != prospect_id:
        taken = noted
    if taken is not None:
        raise AddressTakenError(taken)
    return {
        "address": str(address),
        "address_digest": names.identity,
        "address_kind": address_kind(address.local),
        "address_state": AddressState.UNPROVEN.value,
    }


def _carry_refusals(session: Session, journal: Journal, old: Names, new: Names, *, now: datetime) -> None:
    for standing in register.standing(session, [digest for digest, _ in old.keys]):
        if standing.scope is not RefusalScope.DOMAIN and standing.holds_at(now):
            wish = _same_wish(standing)
            recorded = register.record(session, new.keys, wish)
            if recorded.is_news:
                journal.append(register.line(recorded, new.keys, wish))


def _same_wish(standing: Standing) -> Wish:
    erased = standing.reason is RefusalReason.ERASURE
    return Wish(
        scope=standing.scope,
        # Only a mailbox that asked to be forgotten is forgotten again after a restore.
        reason=RefusalReason.OBJECTION if erased else standing.reason,
        channel=CHANNEL,
        at=standing.refused_at,
        scope_id=standing.scope_id,
        until=standing.until,
    )


def _finish(
    session: Session,
    what: str,
    prospect_ids: Collection[int],
    edited: Edited,
    *,
    by: int,
    now: datetime,
) -> None:
    if edited.changed:
        unplan(session, prospect_ids=prospect_ids, at=now)
        chain.append(
            session,
            actor=chain.Actor.staff(by),
            action="edit",
            object=what,
            detail={"fields": sorted(edited.changed)},
            at=now,
        )
