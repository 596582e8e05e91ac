"""Other addresses that somebody writes from: never written to, only heard."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ForeignKey, Index, String, delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.kernel.addresses import EmailAddress
from crm.kernel.db import Base
from crm.kernel.digests import AddressDigest
from crm.kernel.inventory import Path, no_person, staff_data, subject
from crm.prospects.models import Prospect
from crm.prospects.spelling import Names

UNDO: Final = timedelta(days=1)
"""For how long one that was taken away can be brought back."""


class SecondAddress(Base):
    """A mailbox that a colleague knows to be somebody's as well."""

    __tablename__ = "second_addresses"
    __about__ = Path("prospect_id")
    __table_args__ = (
        # One live address belongs to one person; who took theirs away does not keep it from another.
        Index(
            "uq_second_addresses_live",
            "address_digest",
            unique=True,
            sqlite_where=text("removed_at IS NULL"),
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, info=no_person("names the row"))
    prospect_id: Mapped[int] = mapped_column(
        ForeignKey("prospects.id", ondelete="CASCADE"), index=True, info=subject("whose mailbox")
    )
    address: Mapped[str] = mapped_column(String(254), info=subject("another address they write from"))
    address_digest: Mapped[AddressDigest] = mapped_column(
        String(32), info=subject("finds the person an answer is from")
    )
    noted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), info=staff_data("who noted it"))
    noted_at: Mapped[datetime] = mapped_column(info=subject("when"))
    removed_at: Mapped[datetime | None] = mapped_column(
        info=subject("taken away; cleared away for good a day later")
    )


def of(session: Session, prospect_id: int) -> list[SecondAddress]:
    """What is noted of somebody, the first one first."""
    mine = select(SecondAddress).where(
        SecondAddress.prospect_id == prospect_id, SecondAddress.removed_at.is_(None)
    )
    return list(session.scalars(mine.order_by(SecondAddress.id)))


def owner(session: Session, identities: Collection[AddressDigest]) -> int | None:
    """The person who writes from a mailbox, by its digests; None when nobody noted it."""
    return session.scalar(
        select(SecondAddress.prospect_id)
        .where(SecondAddress.address_digest.in_(identities), SecondAddress.removed_at.is_(None))
        .limit(1)
    )


def owners(session: Session, identities: Collection[AddressDigest], *, but: Collection[int]) -> Sequence[int]:
    """Everybody who writes from one of these mailboxes, without those known already."""
    found = select(SecondAddress.prospect_id).where(
        SecondAddress.address_digest.in_(identities),
        SecondAddress.removed_at.is_(None),
        SecondAddress.prospect_id.not_in(but),
    )
    return session.scalars(found.distinct()).all()


def note(
    session: Session, prospect_id: int, address: EmailAddress, names: Names, *, by: int | None, at: datetime
) -> int | None:
    """Write one down; its id. None when it is another one's since a moment ago."""
    row = SecondAddress(
        prospect_id=prospect_id,
        address=str(address),
        address_digest=names.identity,
        noted_by=by,
        noted_at=at,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return None
    return row.id


def remove(session: Session, prospect_id: int, id_: int, *, at: datetime) -> bool:
    """Take one away; False when it is not (any more) theirs."""
    gone = session.scalars(
        update(SecondAddress)
        .where(
            SecondAddress.id == id_,
            SecondAddress.prospect_id == prospect_id,
            SecondAddress.removed_at.is_(None),
        )
        .values(removed_at=at)
        .returning(SecondAddress.id)
    )
    return gone.one_or_none() is not None


def bring_back(session: Session, prospect_id: int, id_: int, *, at: datetime) -> bool:
    """Undo that within a day; False when it is too late, or somebody noted it anew meanwhile."""
    statement = (
        update(SecondAddress)
        .where(
            SecondAddress.id == id_,
            SecondAddress.prospect_id == prospect_id,
            SecondAddress.removed_at >= at - UNDO,
        )
        .values(removed_at=None)
        .returning(SecondAddress.id)
    )
    try:
        with session.begin_nested():
            return session.scalars(statement).one_or_none() is not None
    except IntegrityError:
        return False


def is_prospects(session: Session, id_: int) -> bool:
    """Whether a prospect of its own has this address by now."""
    query = (
        select(Prospect.id)
        .join(SecondAddress, SecondAddress.address_digest == Prospect.address_digest)
        .where(SecondAddress.id == id_)
    )
    return session.scalar(query.limit(1)) is not None


def clear_away(session: Session, *, at: datetime) -> int:
    """Delete what was taken away more than a day ago; how many."""
    gone = session.scalars(
        delete(SecondAddress).where(SecondAddress.removed_at < at - UNDO).returning(SecondAddress.id)
    )
    return len(gone.all())
