"""Prospects with their companies, many at once: what the gate and the planner need to know of a person."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.domains import is_freemail, registrable_domain
from crm.kernel.errors import InvalidAddressError
from crm.kernel.prepared import Prepared, one_of
from crm.kernel.zones import zone_for
from crm.permission.terms import Reach
from crm.prospects.models import Company, Prospect, Status

_p = Prospect.metadata.tables["prospects"].c
_c = Company.metadata.tables["companies"].c
_COLUMNS = (
    _p.id, _p.company_id, _p.name, _p.role, _p.role_relevance, _p.address, _p.address_digest,
    _p.address_kind, _p.address_state, _p.language, _p.status, _p.restricted_at, _p.measuring_consent_at,
    _p.last_mail_at, _p.last_reply_at, _p.created_at, _c.name, _c.domain, _c.website, _c.country,
    _c.language, _c.time_zone, _c.legal_form, _c.relevance, _c.released_at,
)  # fmt: skip


_BY_ID = Prepared(
    select(*_COLUMNS)
    .select_from(Prospect.metadata.tables["prospects"])
    .join(Company.metadata.tables["companies"], _c.id == _p.company_id)
    .where(one_of(_p.id, "ids"))
)


class Recipient(NamedTuple):
    """One prospect at one company."""

    id: int
    company_id: int
    name: str
    role: str
    role_relevance: str
    address: str
    address_digest: AddressDigest
    address_kind: AddressKind
    address_state: str
    own_language: str
    status: Status
    restricted_at: datetime | None
    measuring_consent_at: datetime | None
    last_mail_at: datetime | None
    last_reply_at: datetime | None
    created_at: datetime
    company: str
    domain: str | None
    website: str
    country: str
    company_language: str
    time_zone: str
    legal_form: LegalForm
    relevance: str
    released_at: datetime | None

    @property
    def zone(self) -> ZoneInfo:
        """Where their clock hangs."""
        return zone_for(self.country or None, self.time_zone or None).zone

    @property
    def mailbox(self) -> EmailAddress | None:
        """The address, read; None when what is stored is no address (any more)."""
        return _read(self.address)

    @property
    def firm_domain(self) -> str | None:
        """The registrable domain that stands for the company; None where nobody owns one."""
        mail_domain = self.address.rpartition("@")[2]
        return self.domain or registrable_domain(mail_domain)

    @property
    def freemail(self) -> bool:
        """Anybody may have a mailbox at its domain."""
        return is_freemail(self.address.rpartition("@")[2])


@lru_cache(maxsize=4_096)
def _read(text: str) -> EmailAddress | None:
    """An address is asked for several times while one mail is judged and written."""
    try:
        return EmailAddress.parse(text)
    except InvalidAddressError:
        return None


def recipients(session: Session, prospect_ids: Collection[int]) -> dict[int, Recipient]:
    """Prospects by id; ids without one are left out."""
    return {row[0]: Recipient._make(row) for row in _BY_ID.rows(session, ids=list(prospect_ids))}


def covering_digests(ring: AddressKeys, recipient: Recipient) -> dict[AddressDigest, Reach]:
    """Every name under which a refusal covers this person, with how far it reaches there.

    Spellings of the mailbox, its registrable domain, and the company's own domain when that is another one.
    """
    return dict(_covering(ring, recipient.address, recipient.domain))


@lru_cache(maxsize=4_096)
def _covering(ring: AddressKeys, address: str, domain: str | None) -> tuple[tuple[AddressDigest, Reach], ...]:
    """Asked for twice or thrice while one mail is judged and sent."""
    mail_domain = registrable_domain(address.rpartition("@")[2])
    names: dict[AddressDigest, Reach] = {}
    if domain and domain != mail_domain:
        names |= dict.fromkeys(ring.domain_digests(domain), Reach.COMPANY)
    if mail_domain:
        names |= dict.fromkeys(ring.domain_digests(mail_domain), Reach.DOMAIN)
    mailbox = _read(address)
    if mailbox is not None:
        names |= dict.fromkeys(ring.digests(mailbox), Reach.ADDRESS)
    return tuple(names.items())
