"""What is on record about people themselves: mailbox, firm, source, proofs, refusals, requests."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.domains.models import DomainCheck
from crm.kernel.digests import AddressDigest  # noqa: TC001 - beside other run-time imports
from crm.kernel.prepared import Prepared, one_of
from crm.kernel.settings import Settings
from crm.permission import evidence
from crm.permission import facts as gate
from crm.permission.facts import Proof
from crm.permission.terms import AddressState, DomainState, Reach
from crm.privacy import retention
from crm.privacy.models import Refusal, RefusalKey, RefusalScope, RightsRequest
from crm.prospects.models import Source, SourceKind
from crm.queries.gate.recipients import Recipient, covering_digests

_k = RefusalKey.metadata.tables["refusal_keys"].c
_r = Refusal.metadata.tables["refusals"].c
_s = Source.metadata.tables["sources"].c
_q = RightsRequest.metadata.tables["rights_requests"].c
_d = DomainCheck.metadata.tables["domain_checks"].c

_ADDRESS_STATES: Final = {state.value: state for state in AddressState}
_DOMAIN_STATES: Final = {state.value: state for state in DomainState}
_REACH: Final = {
    RefusalScope.SEQUENCE: Reach.SEQUENCE,
    RefusalScope.MEASURING: Reach.MEASURING,
    RefusalScope.SNOOZE: Reach.SNOOZE,
}


@dataclass(frozen=True, slots=True)
class Whence:
    """Where an address came from, as the recipient is told (GDPR article 14(2)(f))."""

    kind: SourceKind
    url: str
    words: str
    on: date


@dataclass(frozen=True, slots=True)
class _Held:
    """A refusal that stands, and how far the name it was found under reaches."""

    id: int
    scope: RefusalScope
    scope_id: int | None
    until: datetime | None
    at: datetime
    reach: Reach


@dataclass(frozen=True, slots=True)
class People:
    """What several queries found, by prospect."""

    domains: Mapping[str, DomainState]
    refusals: Mapping[int, list[_Held]]
    sources: Mapping[int, Whence]
    """The oldest of each: the month of article 14 starts there."""

    proofs: Mapping[int, tuple[Proof, ...]]
    requests: Mapping[int, datetime]
    """Since when an open request of theirs waits."""

    @classmethod
    def load(cls, session: Session, rows: Mapping[int, Recipient], settings: Settings) -> Self:
        """Ask once for everybody."""
        return cls(
            domains=_domains(session, {_mail_domain(row) for row in rows.values()}),
            refusals=_refusals(session, rows, settings),
            sources=_sources(session, rows),
            proofs=evidence.proofs_of(session, rows),
            requests=_requests(session, rows),
        )

    def mailbox(self, row: Recipient) -> gate.Recipient:
        """What is known of the mailbox; a state nobody knows counts as invalid."""
        state = _ADDRESS_STATES.get(row.address_state, AddressState.INVALID)
        return gate.Recipient(
            kind=row.address_kind,
            freemail=row.freemail,
            state=state if row.mailbox is not None else AddressState.INVALID,
            domain=self.domains.get(_mail_domain(row), DomainState.UNKNOWN),
        )

    @staticmethod
    def firm(row: Recipient) -> gate.Firm:
        """The company, as the country table asks it."""
        return gate.Firm(
            country=row.country or None, legal_form=row.legal_form, time_zone=row.time_zone or None
        )

    def source(self, row: Recipient) -> gate.Source | None:
        """Where the address came from. Bought lists have no kind: they are refused at the door (P3)."""
        whence = self.sources.get(row.id)
        if whence is None:
            return None
        return gate.Source(kind=whence.kind.value, obtained_on=whence.on, purchased=False)

    def refusals_of(self, row: Recipient, sequence_id: int | None) -> tuple[gate.Refusal, ...]:
        """What stands in the register for this person, and for this sequence."""
        return tuple(
            gate.Refusal(reach=held.reach, at=held.at, id=held.id, until=held.until)
            for held in self.refusals.get(row.id, ())
            if held.scope is not RefusalScope.SEQUENCE or held.scope_id == sequence_id
        )

    @staticmethod
    def erase_at(row: Recipient, settings: Settings) -> datetime:
        """When their data is due for erasure (P24)."""
        return retention.erase_at(
            collected_at=row.created_at, answered_at=row.last_reply_at, months=settings.retention_months
        )


def _mail_domain(row: Recipient) -> str:
    return row.address.rpartition("@")[2]


_DOMAINS = Prepared(select(_d.domain, _d.answer).where(one_of(_d.domain, "names")))
_REFUSALS = Prepared(
    select(_k.digest, _r.id, _r.scope, _r.scope_id, _r.until, _r.refused_at)
    .select_from(RefusalKey.metadata.tables["refusal_keys"])
    .join(Refusal.metadata.tables["refusals"], _r.id == _k.refusal_id)
    .where(one_of(_k.digest, "names"), _r.lifted_at.is_(None))
    .order_by(_r.refused_at, _r.id)
)
_SOURCES = Prepared(
    select(_s.prospect_id, _s.kind, _s.url, _s.words, _s.obtained_on)
    .where(one_of(_s.prospect_id, "ids"))
    .order_by(_s.obtained_on.desc(), _s.id.desc())
)
_REQUESTS = Prepared(
    select(_q.prospect_id, func.min(_q.received_at))
    .where(one_of(_q.prospect_id, "ids"), _q.closed_at.is_(None))
    .group_by(_q.prospect_id)
)


def _domains(session: Session, domains: Collection[str]) -> dict[str, DomainState]:
    rows = _DOMAINS.rows(session, names=list(domains))
    return {domain: _DOMAIN_STATES.get(answer, DomainState.UNKNOWN) for domain, answer in rows}


def _refusals(session: Session, rows: Mapping[int, Recipient], settings: Settings) -> dict[int, list[_Held]]:
    """Every refusal by every name: spellings under all keys, and the domains (standards §3.8)."""
    whom: dict[AddressDigest, list[tuple[int, Reach]]] = {}
    for row in rows.values():
        for digest, reach in covering_digests(settings.keys.addresses, row).items():
            whom.setdefault(digest, []).append((row.id, reach))
    found: dict[int, dict[int, _Held]] = {}
    for digest, refusal_id, scope, scope_id, until, at in _REFUSALS.rows(session, names=list(whom)):
        for person, reach in whom[digest]:
            held = _Held(refusal_id, scope, scope_id, until, at, _REACH.get(scope, reach))
            found.setdefault(person, {}).setdefault(refusal_id, held)
    return {person: list(held.values()) for person, held in found.items()}


def _sources(session: Session, prospect_ids: Collection[int]) -> dict[int, Whence]:
    # The oldest comes last and stays.
    return {row[0]: Whence(*row[1:]) for row in _SOURCES.rows(session, ids=list(prospect_ids))}


def _requests(session: Session, prospect_ids: Collection[int]) -> dict[int, datetime]:
    return dict(_REQUESTS.rows(session, ids=list(prospect_ids)))
