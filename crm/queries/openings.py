"""Which messages may be measured, for the pixels that were fetched (D4, P20)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.mail import TrackingMode
from crm.privacy.models import Refusal, RefusalKey, RefusalScope
from crm.privacy.register import STOPS_MEASURING
from crm.prospects.models import Company, Prospect, SpellingKey

_refused = (
    select(1)
    .select_from(RefusalKey)
    .join(Refusal, Refusal.id == RefusalKey.refusal_id)
    .where(Refusal.lifted_at.is_(None), Refusal.scope.in_(STOPS_MEASURING))
)
_by_address = exists(_refused.where(RefusalKey.digest == Message.address_digest))
_by_spelling = exists(
    _refused.join(SpellingKey, SpellingKey.digest == RefusalKey.digest).where(
        SpellingKey.prospect_id == Message.prospect_id
    )
)


@dataclass(frozen=True, slots=True)
class Measured:
    """A message whose opening may be noted."""

    id: int
    step_id: int | None
    sent_at: datetime | None


def measured(session: Session, ring: AddressKeys, pixel_ids: Collection[str]) -> dict[str, Measured]:
    """The messages behind these pixels, without those whose readers said no.

    Left out: refused measuring or mail altogether, in any spelling or for the whole company; restricted
    processing (article 18); erased; sent without a pixel of its own.
    """
    query = (
        select(Message.pixel_id, Message.id, Message.step_id, Message.sent_at, Company.domain)
        .outerjoin(Prospect, Prospect.id == Message.prospect_id)
        .outerjoin(Company, Company.id == Prospect.company_id)
        .where(
            Message.pixel_id.in_(pixel_ids),
            Message.tracking == TrackingMode.INDIVIDUAL,
            Prospect.restricted_at.is_(None),
            ~_by_address,
            ~_by_spelling,
        )
    )
    rows = session.execute(query).all()
    silent = _silent_domains(session, ring, {domain for *_, domain in rows if domain})
    return {
        pixel_id: Measured(id_, step_id, sent_at)
        for pixel_id, id_, step_id, sent_at, domain in rows
        if pixel_id and domain not in silent
    }


def _silent_domains(session: Session, ring: AddressKeys, domains: Collection[str]) -> set[str]:
    """Those companies that said no as a whole."""
    names = {digest: domain for domain in domains for digest in _digests(ring, domain)}
    if not names:
        return set()
    query = (
        select(RefusalKey.digest)
        .join(Refusal, Refusal.id == RefusalKey.refusal_id)
        .where(
            RefusalKey.digest.in_(names),
            Refusal.scope == RefusalScope.DOMAIN,
            Refusal.lifted_at.is_(None),
        )
    )
    return {names[digest] for digest in session.scalars(query)}


@lru_cache(maxsize=16_384)
def _digests(ring: AddressKeys, domain: str) -> tuple[AddressDigest, ...]:
    return ring.domain_digests(domain)
