"""Openings: what a fetch of a pixel leaves in memory, and what of it becomes a row (D4, P13)."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from crm.kernel.bulk import insert_many
from crm.kernel.public_links import StepDay
from crm.tracking.addresses import IpDigest
from crm.tracking.models import Opening, OpeningClass

MOST: Final = 20
"""Rows a message may have (SD9); further fetches are answered and forgotten."""

REPEAT: Final = timedelta(minutes=1)
"""The same program at the same place within this time is one opening: proxies ask up to four times."""


READ: Final = (OpeningClass.PERSON, OpeningClass.PROXY)
"""What may be a reader."""


class Fetch(NamedTuple):
    """One GET of a pixel, with the client's address already gone."""

    pixel: str | StepDay
    """The pixel id of one message, or the step and day of an aggregate pixel."""

    at: datetime
    """Calendar time, to the second: nobody needs to know it better."""

    real_at: datetime
    agent: str
    """At most 256 characters."""

    place: IpDigest | None
    network: str
    """`machines.network_of` the client's address."""


class Visit(NamedTuple):
    """The unsubscribe page of a message was asked for. Kept nowhere: it takes back an opening just before."""

    message: str
    """The reference in the link."""

    at: datetime
    """Calendar time."""


class Row(NamedTuple):
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
_COLUMNS: Final = ("message_id", "opened_at", "user_agent", "ip_digest", "opened_by")
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM openings WHERE message_id"  # noqa: S608 - names of our own
_TYPES: Final = {name: _o[name].type for name in _COLUMNS}
_KEPT_LITE = text(_SELECT + " IN (SELECT value FROM json_each(:ids))").columns(**_TYPES)  # noqa: S608 - names of our own
_KEPT = text(_SELECT + " = ANY(:ids)").columns(**_TYPES)
# SQLite takes all rows in one step: its driver gives up the interpreter's lock at every one, and the threads
# that answer pixels are waiting for it.
_KEEP_LITE = text(
    f"INSERT INTO openings ({', '.join(_COLUMNS)}) SELECT "  # noqa: S608 - names of our own
    + ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(_COLUMNS)))
    + " FROM json_each(:rows)"
)
_LITE_TIME: Final = "%Y-%m-%d %H:%M:%S.%f"
_COUNT_UP = text(
    "INSERT INTO opening_counters (step_id, day, opened) SELECT id, :day, :opened FROM steps WHERE id = :step"
    " ON CONFLICT (step_id, day) DO UPDATE SET opened = opening_counters.opened + excluded.opened"
)


def of_messages(session: Session, message_ids: Collection[int]) -> dict[int, list[Row]]:
    """The openings these messages have, by message."""
    found: dict[int, list[Row]] = {}
    if not message_ids:
        return found
    lite = session.get_bind().dialect.name == "sqlite"
    ids = json.dumps(list(message_ids)) if lite else list(message_ids)
    for row in session.connection().execute(_KEPT_LITE if lite else _KEPT, {"ids": ids}):
        found.setdefault(row[0], []).append(Row(*row))
    return found


def keep(session: Session, rows: Sequence[Row]) -> None:
    """Write openings down."""
    if not rows:
        return
    if session.get_bind().dialect.name == "sqlite":
        session.connection().execute(_KEEP_LITE, {"rows": json.dumps([_lite(row) for row in rows])})
    else:
        insert_many(session, Opening, _COLUMNS, rows)


def mark_scanned(session: Session, message_ids: Collection[int], place: IpDigest) -> None:
    """Say of earlier openings at a place that no person made them."""
    session.execute(
        update(Opening)
        .where(
            Opening.message_id.in_(message_ids),
            Opening.ip_digest == place,
            Opening.opened_by == OpeningClass.PERSON,
        )
        .values(opened_by=OpeningClass.SCANNER)
        .execution_options(synchronize_session=False)
    )


def mark_hurried(session: Session, message_id: int, *, since: datetime) -> None:
    """Say of a message's openings after `since` that no person made them, wherever they came from."""
    session.execute(
        update(Opening)
        .where(
            Opening.message_id == message_id,
            Opening.opened_at > since,
            Opening.opened_by.in_(READ),
        )
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


def _lite(row: Row) -> tuple[int, str, str, str | None, str]:
    """A row as SQLite keeps it."""
    return (row.message_id, _lite_time(row.opened_at), row.user_agent, row.ip_digest, row.opened_by.value)


@lru_cache(maxsize=64)  # a batch repeats its seconds
def _lite_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_LITE_TIME)
