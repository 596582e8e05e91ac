"""What is already known of the people and companies in a batch of rows: a handful of queries a batch."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.domains.models import DomainCheck
from crm.kernel.bulk import one_of
from crm.kernel.digests import AddressDigest
from crm.permission.models import Evidence
from crm.permission.terms import Basis, DomainState
from crm.privacy.models import Refusal, RefusalKey
from crm.privacy.register import STOPS_MAIL
from crm.prospects.companies import CompanyKey, Firm
from crm.prospects.models import Company, Prospect, Source


@dataclass(slots=True)
class Existing:
    """A prospect we have, as far as an import may change one."""

    id: int
    version: int
    company_id: int
    name: str
    role: str
    role_relevance: str
    language: str
    restricted_at: datetime | None
    has_source: bool = False
    proofs: frozenset[tuple[Basis, str, str]] = frozenset()
    """Basis, page and wording of what is on record."""

    withdrew: bool = False
    """They took a basis back: an import claims none for them."""


_PROSPECT = (
    Prospect.id,
    Prospect.version,
    Prospect.company_id,
    Prospect.name,
    Prospect.role,
    Prospect.role_relevance,
    Prospect.language,
    Prospect.restricted_at,
)
_FIRM = (
    Company.name,
    Company.domain,
    Company.id,
    Company.version,
    Company.website,
    Company.country,
    Company.language,
    Company.time_zone,
    Company.legal_form,
    Company.relevance,
    Company.relevance_by,
    Company.released_at,
)


def refused_among(session: Session, digests: Collection[AddressDigest]) -> frozenset[AddressDigest]:
    """Those of the names under which somebody, or a whole company, told us to stop."""
    if not digests:
        return frozenset()
    query = (
        select(RefusalKey.digest)
        .join(Refusal, Refusal.id == RefusalKey.refusal_id)
        .where(
            one_of(session, RefusalKey.digest, digests),
            Refusal.scope.in_(STOPS_MAIL),
            Refusal.lifted_at.is_(None),
        )
    )
    return frozenset(session.scalars(query))


def prospects_among(session: Session, identities: Collection[AddressDigest]) -> dict[AddressDigest, Existing]:
    """The prospects with these mailboxes, by the digest in their row."""
    query = select(Prospect.address_digest, *_PROSPECT).where(
        one_of(session, Prospect.address_digest, identities)
    )
    found = {row[0]: Existing(*row[1:]) for row in session.execute(query)}
    if found:
        _add_papers(session, {one.id: one for one in found.values()})
    return found


def _add_papers(session: Session, found: dict[int, Existing]) -> None:
    ids = list(found)
    for id_ in session.scalars(select(Source.prospect_id).where(one_of(session, Source.prospect_id, ids))):
        found[id_].has_source = True
    query = select(
        Evidence.prospect_id, Evidence.basis, Evidence.url, Evidence.wording, Evidence.withdrawn_at
    ).where(one_of(session, Evidence.prospect_id, ids))
    for id_, basis, url, wording, withdrawn_at in session.execute(query):
        one = found[id_]
        one.proofs |= {(basis, url, wording)}
        one.withdrew = one.withdrew or withdrawn_at is not None


def firms_among(session: Session, keys: Iterable[CompanyKey]) -> dict[CompanyKey, Firm]:
    """The companies that are there already."""
    wanted = list(keys)
    domains = {key.domain for key in wanted if key.domain}
    names = {key.name for key in wanted if not key.domain}
    found: dict[CompanyKey, Firm] = {}
    if domains:
        query = select(*_FIRM).where(one_of(session, Company.domain, domains))
        found.update((CompanyKey(row.domain), Firm(*row)) for row in session.execute(query))
    if names:
        query = (
            select(*_FIRM)
            .where(Company.domain.is_(None), one_of(session, Company.name, names))
            .order_by(Company.id.desc())
        )
        for row in session.execute(query):
            found[CompanyKey(None, row.name, row.country)] = Firm(*row)
    return found


def firms_of(session: Session, company_ids: Collection[int]) -> dict[int, Firm]:
    """Companies by id."""
    query = select(*_FIRM).where(one_of(session, Company.id, company_ids))
    return {row.id: Firm(*row) for row in session.execute(query)}


def domain_states_among(session: Session, domains: Collection[str]) -> dict[str, DomainState]:
    """What name servers said of mail domains; those never asked are left out."""
    query = select(DomainCheck.domain, DomainCheck.answer).where(one_of(session, DomainCheck.domain, domains))
    return {domain: DomainState(answer) for domain, answer in session.execute(query)}
