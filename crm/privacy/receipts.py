"""Erasures: begun, done, and what is left of one, which is a receipt."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.kernel.digests import AddressDigest
from crm.kernel.ids import new_public_id
from crm.privacy.models import Erasure

RETENTION: Final = "retention"
"""The channel of those whose time was over: they said no no, and may be collected anew."""

FILES: Final = "files"
"""Among the tables of a receipt: how many files went."""


def is_of_earlier(asked: Erasure, known_since: datetime | None) -> bool:
    """Tell whether whoever has this mailbox now was collected after an erasure that nobody asked for."""
    return asked.channel == RETENTION and known_since is not None and known_since >= asked.asked_at


def begin(session: Session, digest: AddressDigest, *, channel: str, at: datetime) -> Erasure:
    """Write down that this mailbox is to be forgotten; one that is not finished is taken up again.

    Who asks gets a receipt of their own: one that nobody asked for spares whoever was collected since.
    """
    query = select(Erasure).where(Erasure.digest == digest, Erasure.finished_at.is_(None))
    if channel != RETENTION:
        query = query.where(Erasure.channel != RETENTION)
    pending = session.scalar(query.limit(1))
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
    """Add to what an erasure has removed so far: rows by table, and files."""
    before: dict[str, int] = session.scalars(select(Erasure.counts).where(Erasure.id == erasure_id)).one()
    names = sorted({*before, *gone})
    counts = {name: before.get(name, 0) + gone.get(name, 0) for name in names}
    counts = {name: number for name, number in counts.items() if number}
    session.execute(update(Erasure).where(Erasure.id == erasure_id).values(counts=counts))


def tables(session: Session, erasure_ids: Sequence[int]) -> list[str]:
    """Those that lost rows to these erasures, in whichever of their attempts."""
    counted = session.scalars(select(Erasure.counts).where(Erasure.id.in_(erasure_ids)))
    return sorted({name for counts in counted for name in counts} - {FILES})


def finish(session: Session, erasure_id: int, *, at: datetime) -> bool:
    """Say that nothing is left; False when somebody else said so before."""
    done = update(Erasure).where(Erasure.id == erasure_id, Erasure.finished_at.is_(None))
    result = session.execute(done.values(finished_at=at))
    return bool(result.rowcount)  # type: ignore[attr-defined] # an UPDATE has one
