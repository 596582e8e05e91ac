"""Who a link or an address is about, as far as we know them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.domains import registrable_domain
from crm.kernel.errors import InvalidAddressError
from crm.prospects import second_addresses
from crm.prospects.models import Company, Prospect, SpellingKey
from crm.queries.keeping.inventory import Subject
from crm.sequences.models import Enrolment, Sequence

Key = tuple[AddressDigest, int]


@dataclass(frozen=True, slots=True)
class Known:
    """The prospect whose own mailbox it is; they may be shown things, others may only stop them."""

    id: int
    company_id: int
    address: EmailAddress
    language: str
    """Theirs, else their company's; empty when neither is known."""

    domain: str | None
    """Registrable domain of their company; None where nobody or everybody owns it."""

    created_at: datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A mailbox by all its names, and what we hold under them."""

    keys: tuple[Key, ...]
    """Every spelling on record; the given ones at least."""

    prospect_ids: tuple[int, ...]
    """Everybody a no of this mailbox covers: usually one, or none after an erasure."""

    known: Known | None

    @property
    def digests(self) -> list[AddressDigest]:
        """The names without their key versions."""
        return [digest for digest, _ in self.keys]


def find(session: Session, ring: AddressKeys, given: Iterable[Key]) -> Person:
    """Look a mailbox up by any of its digests; the first one given is its identity.

    Never fails: an unknown mailbox is a person with the given names and nothing else.
    """
    names = dict(given)
    ids = list(
        session.scalars(select(SpellingKey.prospect_id).where(SpellingKey.digest.in_(names)).distinct())
    )
    spellings = select(SpellingKey.digest, SpellingKey.key_version).where(SpellingKey.prospect_id.in_(ids))
    first = next(iter(names), None)
    names.update((row.digest, row.key_version) for row in session.execute(spellings))
    known = _known(session, ring, ids, first) if first else None
    return Person(tuple(names.items()), tuple(sorted(ids)), known)


def written_to(session: Session, found: Person) -> Person:
    """The same, with those whose no it is as well though their address is another one by now.

    We wrote to them under these names before it was put right, or they write from here, as a colleague
    noted. Their no stops what runs to the address we use as well. Never used to show anything.
    """
    known = list(found.prospect_ids)
    moved = select(Message.prospect_id).where(
        Message.address_digest.in_(found.digests), Message.prospect_id.not_in(known)
    )
    noted = second_addresses.owners(session, found.digests, but=known)
    ids = [one for one in {*session.scalars(moved.distinct()), *noted} if one is not None]
    if not ids:
        return found
    spellings = select(SpellingKey.digest, SpellingKey.key_version).where(SpellingKey.prospect_id.in_(ids))
    keys = dict(found.keys) | {row.digest: row.key_version for row in session.execute(spellings)}
    return Person(tuple(keys.items()), tuple(sorted({*known, *ids})), found.known)


def sequence_of(session: Session, reference: str, prospect_ids: Iterable[int]) -> tuple[int, str] | None:
    """Id and name of the sequence a message belongs to, by the reference in its link; None when it is gone.

    Only a message to one of these people counts: a reference says nothing about anybody else.
    """
    if not reference:
        return None
    query = (
        select(Sequence.id, Sequence.name)
        .join(Enrolment, Enrolment.sequence_id == Sequence.id)
        .join(Message, Message.enrolment_id == Enrolment.id)
        .where(
            Message.public_id.startswith(reference, autoescape=True),
            Message.prospect_id.in_(list(prospect_ids)),
        )
    )
    found = session.execute(query).first()
    return (found[0], found[1]) if found else None


def _known(session: Session, ring: AddressKeys, ids: list[int], first: AddressDigest) -> Known | None:
    query = (
        select(Prospect, Company.language, Company.domain)
        .join(Company, Company.id == Prospect.company_id)
        .where(Prospect.id.in_(ids))
    )
    for one, language, domain in session.execute(query):
        try:
            address = EmailAddress.parse(one.address)
        except InvalidAddressError:
            continue
        if first in identities(ring, address):
            firm = registrable_domain(domain or address.domain)
            return Known(one.id, one.company_id, address, one.language or language, firm, one.created_at)
    return None


def identities(ring: AddressKeys, address: EmailAddress) -> tuple[AddressDigest, ...]:
    """The digests of the identity spelling alone, one a key version: disclose narrow (standards §3.8)."""
    digests = ring.digests(address)
    return digests[:: len(digests) // len(ring.versions)]


def subject_of(session: Session, ring: AddressKeys, found: Person) -> Subject:
    """The person as the inventory finds their rows: their own mailbox only.

    The domain is theirs to take along while nobody else at their company is on record.
    """
    if found.known is None:
        return Subject((), tuple(found.digests[:1]))
    mine = found.known
    others = select(Prospect.id).where(Prospect.company_id == mine.company_id, Prospect.id != mine.id)
    domains: tuple[str, ...] = ()
    if session.scalar(others.limit(1)) is None:
        companys = session.scalar(select(Company.domain).where(Company.id == mine.company_id))
        domains = tuple({mine.address.domain, companys or mine.address.domain})
    return Subject((mine.id,), identities(ring, mine.address), domains)
