"""What is already known of the people and companies in a batch of rows: a handful of queries a batch."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.domains.models import DomainCheck
from crm.kernel.digests import AddressDigest
from crm.kernel.prepared import Prepared, among, one_of
from crm.permission.models import Evidence
from crm.permission.terms import Basis, DomainState
from crm.privacy.models import Refusal, RefusalKey
from crm.privacy.register import STOPS_MAIL
from crm.prospects.companies import CompanyKey, Firm
from crm.prospects.models import Company, Prospect, Source
from crm.prospects.second_addresses import SecondAddress


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


_p, _c = Prospect.metadata.tables["prospects"].c, Company.metadata.tables["companies"].c
_s = SecondAddress.metadata.tables["second_addresses"].c
_refusals, _keys = Refusal.metadata.tables["refusals"], RefusalKey.metadata.tables["refusal_keys"]
_PERSON: Final = (
    _p.address_digest, _p.id, _p.version, _p.company_id, _p.name, _p.role, _p.role_relevance, _p.language,
    _p.restricted_at,
)  # fmt: skip
_FIRM: Final = (
    _c.name, _c.domain, _c.id, _c.version, _c.website, _c.country, _c.language, _c.time_zone, _c.legal_form,
    _c.relevance, _c.relevance_by, _c.released_at,
)  # fmt: skip
_REFUSED: Final = Prepared(
    select(_keys.c.digest)
    .join(_refusals, _refusals.c.id == _keys.c.refusal_id)
    .where(
        one_of(_keys.c.digest, "digests"),
        among(_refusals.c.scope, STOPS_MAIL),
        _refusals.c.lifted_at.is_(None),
    )
)
_PEOPLE: Final = Prepared(select(*_PERSON).where(one_of(_p.address_digest, "digests")))
_ELSEWHERE: Final = Prepared(
    select(_s.address_digest, *_PERSON[1:])
    .join(Prospect.metadata.tables["prospects"], _p.id == _s.prospect_id)
    .where(one_of(_s.address_digest, "digests"), _s.removed_at.is_(None))
)
"""Those who are known to write from an address: it is theirs, and nobody else's."""

_FIRMS_BY_DOMAIN: Final = Prepared(select(*_FIRM).where(one_of(_c.domain, "domains")))
_FIRMS_BY_NAME: Final = Prepared(
    select(*_FIRM).where(_c.domain.is_(None), one_of(_c.name, "names")).order_by(_c.id.desc())
)
_FIRMS: Final = Prepared(select(*_FIRM).where(one_of(_c.id, "ids")))
_sources, _evidence = Source.metadata.tables["sources"].c, Evidence.metadata.tables["evidence"].c
_SOURCES: Final = Prepared(select(_sources.prospect_id).where(one_of(_sources.prospect_id, "ids")))
_PROOFS: Final = Prepared(
    select(
        _evidence.prospect_id, _evidence.basis, _evidence.url, _evidence.wording, _evidence.withdrawn_at
    ).where(one_of(_evidence.prospect_id, "ids"))
)
_checks = DomainCheck.metadata.tables["domain_checks"].c
_DOMAINS: Final = Prepared(select(_checks.domain, _checks.answer).where(one_of(_checks.domain, "domains")))


def refused_among(session: Session, digests: Collection[AddressDigest]) -> set[AddressDigest]:
    """Those of the names under which somebody, or a whole company, told us to stop."""
    return {digest for (digest,) in _REFUSED.rows(session, digests=list(digests))}


def prospects_among(session: Session, identities: Collection[AddressDigest]) -> dict[AddressDigest, Existing]:
    """The prospects with these mailboxes, by the digest; with those who are known to write from one."""
    digests = list(identities)
    found = {digest: Existing(*values) for digest, *values in _PEOPLE.rows(session, digests=digests)}
    people = {one.id: one for one in found.values()}
    for digest, *values in _ELSEWHERE.rows(session, digests=digests):
        found.setdefault(digest, people.setdefault(values[0], Existing(*values)))
    if people:
        _add_papers(session, people)
    return found


def _add_papers(session: Session, found: dict[int, Existing]) -> None:
    for (id_,) in _SOURCES.rows(session, ids=list(found)):
        found[id_].has_source = True
    for id_, basis, url, wording, withdrawn_at in _PROOFS.rows(session, ids=list(found)):
        one = found[id_]
        one.proofs |= {(basis, url, wording)}
        one.withdrew = one.withdrew or withdrawn_at is not None


def firms_among(session: Session, keys: Iterable[CompanyKey]) -> dict[CompanyKey, Firm]:
    """The companies that are there already."""
    wanted = list(keys)
    domains = [key.domain for key in wanted if key.domain]
    names = [key.name for key in wanted if not key.domain]
    firms = [Firm(*row) for row in _FIRMS_BY_DOMAIN.rows(session, domains=domains)]
    if names:
        firms += [Firm(*row) for row in _FIRMS_BY_NAME.rows(session, names=names)]
    return {firm.key: firm for firm in firms}


def firms_of(session: Session, company_ids: Collection[int]) -> dict[int, Firm]:
    """Companies by id."""
    return {row[2]: Firm(*row) for row in _FIRMS.rows(session, ids=list(company_ids))}


def domain_states_among(session: Session, domains: Collection[str]) -> dict[str, DomainState]:
    """What name servers said of mail domains; those never asked are left out."""
    rows = _DOMAINS.rows(session, domains=list(domains))
    return {domain: DomainState(answer) for domain, answer in rows}
