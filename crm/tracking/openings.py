"""Openings: what a fetch of a pixel leaves in memory, and what of it becomes a row (D4, P13)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.orm import Session

from crm.kernel.public_links import StepDay
from crm.tracking.addresses import IpDigest
from crm.tracking.models import Opening, OpeningClass

MOST: Final = 20
"""Rows a message may have (SD9); further fetches are answered and forgotten."""

REPEAT: Final = timedelta(minutes=1)
"""The same program at the same place within this time is one opening: proxies ask up to four times."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One GET of a pixel, with the client's address already gone."""

    pixel: str | StepDay
    """The pixel id of one message, or the step and day of an aggregate pixel."""

    at: datetime
    """Calendar time."""

    real_at: datetime
    agent: str
    """At most 256 characters."""

    place: IpDigest | None
    network: str
    """`machines.network_of` the client's address."""


@dataclass(frozen=True, slots=True)
class Row:
    """One opening as it is kept."""

    message_id: int
    opened_at: datetime
    user_agent: str
    ip_digest: IpDigest | None
    opened_by: OpeningClass

    def repeats(self, other: "Row") -> bool:
        """Tell whether two rows of a message are one opening."""
        same = (self.ip_digest, self.user_agent) == (other.ip_digest, other.user_agent)
        return same and abs(self.opened_at - other.opened_at) < REPEAT


_o = Opening.__table__.c
_INSERT = insert(Opening).values(
    {name: bindparam(name) for name in ("message_id", "opened_at", "user_agent", "ip_digest", "opened_by")}
)
_COUNT_UP = text(
    "INSERT INTO opening_counters (step_id, day, opened) SELECT id, :day, :opened FROM steps WHERE id = :step"
    " ON CONFLICT (step_id, day) DO UPDATE SET opened = opening_counters.opened + excluded.opened"
)


def of_messages(session: Session, message_ids: Collection[int]) -> dict[int, list[Row]]:
    """The openings these messages have, by message."""
    found: dict[int, list[Row]] = {}
    columns = (_o.message_id, _o.opened_at, _o.user_agent, _o.ip_digest, _o.opened_by)
    for row in session.execute(select(*columns).where(_o.message_id.in_(message_ids))):
        found.setdefault(row.message_id, []).append(Row(*row))
    return found


def keep(session: Session, rows: Sequence[Row]) -> None:
    """Write openings down."""
    if rows:
        session.connection().execute(_INSERT, [_values(row) for row in rows])


def mark_scanned(session: Session, message_ids: Collection[int], place: IpDigest) -> None:
    """Say of earlier openings at a place that no person made them."""
    session.execute(
        update(Opening)
        .where(_o.message_id.in_(message_ids), _o.ip_digest == place, _o.opened_by == OpeningClass.PERSON)
        .values(opened_by=OpeningClass.SCANNER)
        .execution_options(synchronize_session=False)
    )


def count(session: Session, fetches: Iterable[StepDay]) -> None:
    """Raise the counters of aggregate pixels: a step, a day, a number. An unknown step counts nothing."""
    totals: dict[tuple[int, date], int] = {}
    for one in fetches:
        totals[one.step_id, one.day] = totals.get((one.step_id, one.day), 0) + 1
    for (step, day), opened in totals.items():
        session.execute(_COUNT_UP, {"step": step, "day": day, "opened": opened})


def _values(row: Row) -> dict[str, Any]:
    return {
        "message_id": row.message_id,
        "opened_at": row.opened_at,
        "user_agent": row.user_agent,
        "ip_digest": row.ip_digest,
        "opened_by": row.opened_by,
    }
