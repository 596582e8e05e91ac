"""The contact ledger: which mailboxes were written to and when, by digest. Budgets are counted from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Executable, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.mail import MailKind
from crm.kernel.prepared import Prepared, among, one_of
from crm.permission.models import Contact

COUNTED: Final = (MailKind.OUTREACH.value, MailKind.MANUAL.value)
"""Mail that nobody asked for; only this uses up a budget."""

_contacts = Contact.metadata.tables["contacts"]
_c = _contacts.c


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that left."""

    address_digest: AddressDigest
    domain_digest: AddressDigest | None
    """Of the registrable domain; None for freemail, where a domain is no company."""

    message: str
    """Its public id."""

    kind: MailKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How much was sent, and when."""

    count: int
    newest: datetime
    oldest: datetime


def _insert(dialect: str) -> Executable:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return (
        insert(_contacts)
        .values(
            {name: bindparam(name) for name in ("address_digest", "domain_digest", "message", "kind", "at")}
        )
        .on_conflict_do_nothing()
    )


def _tally(column: ColumnElement[Any], *more: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(column, func.count(), func.max(_c.at), func.min(_c.at))
        .where(one_of(column, "names"), among(_c.kind, COUNTED), *more)
        .group_by(column)
    )


_INSERT = Prepared(_insert)
_TO_ADDRESSES = _tally(_c.address_digest, _c.at > bindparam("since"))
_MOMENTS = Prepared(
    select(_c.address_digest, _c.at)
    .where(one_of(_c.address_digest, "names"), among(_c.kind, COUNTED), _c.at > bindparam("since"))
    .order_by(_c.at)
)
_TO_DOMAINS = _tally(_c.domain_digest)


def write(session: Session, sent: Sequence[Sent]) -> None:
    """Write mails down; each counts once, however often it is reported."""
    rows = [
        {
            "address_digest": one.address_digest,
            "domain_digest": one.domain_digest,
            "message": one.message,
            "kind": one.kind.value,
            "at": one.at,
        }
        for one in sent
    ]
    _INSERT.many(session, rows)


def to_addresses(
    session: Session, digests: Collection[AddressDigest], *, since: datetime
) -> dict[AddressDigest, Tally]:
    """Unasked mail to mailboxes since a moment, by digest."""
    rows = _TO_ADDRESSES.rows(session, names=list(digests), since=since)
    return {row[0]: Tally(*row[1:]) for row in rows}


def moments(
    session: Session, digests: Collection[AddressDigest], *, since: datetime
) -> list[tuple[AddressDigest, datetime]]:
    """Unasked mail to mailboxes since a moment, each with its own, the oldest first."""
    return [(row[0], row[1]) for row in _MOMENTS.rows(session, names=list(digests), since=since)]


def to_domains(session: Session, digests: Collection[AddressDigest]) -> dict[AddressDigest, Tally]:
    """Unasked mail ever to anybody at these domains, by digest."""
    return {row[0]: Tally(*row[1:]) for row in _TO_DOMAINS.rows(session, names=list(digests))}


def to_domain_since(session: Session, digests: Collection[AddressDigest], *, since: datetime) -> int:
    """Unasked mail to one company (its domain's digests under all keys) after a moment."""
    query = select(func.count()).where(_c.domain_digest.in_(digests), _c.at > since, _c.kind.in_(COUNTED))
    return session.execute(query).scalar_one()


def acknowledged(session: Session, digests: Collection[AddressDigest]) -> dict[AddressDigest, datetime]:
    """The newest acknowledgement or answer to a request, by mailbox."""
    query = (
        select(_c.address_digest, func.max(_c.at))
        .where(_c.address_digest.in_(digests), _c.kind == MailKind.RIGHTS.value)
        .group_by(_c.address_digest)
    )
    return dict(session.execute(query).all())
