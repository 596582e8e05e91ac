"""Whom the register covers, many at once: for telling it to a mail provider."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crm.kernel.bulk import one_of
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.privacy.models import Refusal, RefusalKey, RefusalScope
from crm.privacy.register import STOPS_MAIL
from crm.prospects.models import Prospect, SpellingKey
from crm.queries.gate.recipients import covering_digests, recipients

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody who wants no mail, and whose address we (still) know."""

    prospect_id: int
    address: str
    digest: AddressDigest


class Page(NamedTuple):
    """Some of everybody."""

    last: int
    """The next page comes after this prospect."""

    people: list[Refused]


def covered_among(session: Session, digests: Collection[AddressDigest]) -> set[AddressDigest]:
    """Those of the names under which somebody wants no mail at all."""
    query = (
        select(RefusalKey.digest)
        .join(Refusal, Refusal.id == RefusalKey.refusal_id)
        .where(
            one_of(session, RefusalKey.digest, digests),
            Refusal.scope.in_(STOPS_MAIL),
            Refusal.lifted_at.is_(None),
        )
    )
    return set(session.scalars(query)) if digests else set()


def newer(session: Session, *, than: int, but: Collection[int], limit: int) -> list[tuple[int, RefusalScope]]:
    """Refusals of all mail after a number, in order, without those named by `but`."""
    query = (
        select(Refusal.id, Refusal.scope)
        .where(
            Refusal.id > than,
            Refusal.id.not_in(but),
            Refusal.scope.in_(STOPS_MAIL),
            Refusal.lifted_at.is_(None),
        )
        .order_by(Refusal.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def by_name(session: Session, refusal_ids: Collection[int]) -> list[Refused]:
    """Whom these refusals name by a spelling of their mailbox."""
    if not refusal_ids:
        return []
    return _named(session, one_of(session, Refusal.id, refusal_ids))


def page(
    session: Session, ring: AddressKeys, *, after: int, by_company: Collection[int] | None = None
) -> Page | None:
    """Whom refusals cover, by name or with their company, among some hundred people; None after the last.

    `by_company`: only these refusals, which are a company's no; None asks about every refusal.
    """
    ids = _page(session, after)
    if not ids:
        return None
    found: dict[int, Refused] = {}
    if by_company is None:
        found = {one.prospect_id: one for one in _named(session, one_of(session, Prospect.id, ids))}
    domains = _domains(session, by_company)
    if domains:
        for person in recipients(session, ids).values():
            if domains.intersection(covering_digests(ring, person)):
                found.setdefault(person.id, Refused(person.id, person.address, person.address_digest))
    return Page(ids[-1], [found[one] for one in sorted(found)])


def _domains(session: Session, among: Collection[int] | None) -> set[AddressDigest]:
    query = (
        select(RefusalKey.digest)
        .join(Refusal, Refusal.id == RefusalKey.refusal_id)
        .where(Refusal.scope == RefusalScope.DOMAIN, Refusal.lifted_at.is_(None))
    )
    if among is not None:
        query = query.where(one_of(session, Refusal.id, among))
    return set(session.scalars(query))


def _page(session: Session, after: int) -> list[int]:
    query = select(Prospect.id).where(Prospect.id > after).order_by(Prospect.id).limit(_PAGE)
    return list(session.scalars(query))


def _named(session: Session, among: ColumnElement[bool]) -> list[Refused]:
    """Whom standing refusals name by a spelling of their mailbox."""
    query = (
        select(Prospect.id, Prospect.address, Prospect.address_digest)
        .join(SpellingKey, SpellingKey.prospect_id == Prospect.id)
        .join(RefusalKey, RefusalKey.digest == SpellingKey.digest)
        .join(Refusal, Refusal.id == RefusalKey.refusal_id)
        .where(among, Refusal.scope == RefusalScope.ADDRESS, Refusal.lifted_at.is_(None))
        .distinct()
        .order_by(Prospect.id)
    )
    return [Refused(*row) for row in session.execute(query)]
