"""Erasures: begun, done, and what is left of one, which is a receipt."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.ids import new_public_id
from crm.privacy.models import Erasure


def begin(session: Session, digest: AddressDigest, *, channel: str, at: datetime) -> Erasure:
    """Write down that this mailbox is to be forgotten; one that is not finished is taken up again."""
    query = select(Erasure).where(Erasure.digest == digest, Erasure.finished_at.is_(None)).limit(1)
    pending = session.scalar(query)
    if pending is None:
        pending = Erasure(public_id=new_public_id(), digest=digest, channel=channel, asked_at=at, counts={})
        session.add(pending)
        session.flush()
    return pending


def pending(session: Session, *, limit: int = 100) -> list[Erasure]:
    """Erasures that are not finished, the longest waiting first."""
    query = select(Erasure).where(Erasure.finished_at.is_(None)).order_by(Erasure.id).limit(limit)
    return list(session.scalars(query))


def count(session: Session, erasure_id: int, gone: Mapping[str, int]) -> None:
    """Add to what an erasure has removed so far."""
    before: dict[str, int] = session.scalars(select(Erasure.counts).where(Erasure.id == erasure_id)).one()
    names = sorted({*before, *gone})
    counts = {name: before.get(name, 0) + gone.get(name, 0) for name in names}
    counts = {name: number for name, number in counts.items() if number}
    session.execute(update(Erasure).where(Erasure.id == erasure_id).values(counts=counts))


def finish(session: Session, erasure_id: int, *, at: datetime) -> bool:
    """Say that nothing is left; False when somebody else said so before."""
    done = update(Erasure).where(Erasure.id == erasure_id, Erasure.finished_at.is_(None))
    result = session.execute(done.values(finished_at=at))
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE has one
