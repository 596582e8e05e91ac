"""Note which messages were opened. Shown and counted; decides nothing (D4, P15)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.kernel.public_links import StepDay
from crm.queries.openings import Measured, Register, measured, newest_refusal
from crm.tracking import openings
from crm.tracking.addresses import IpDigest
from crm.tracking.lists import shipped
from crm.tracking.machines import Crowd, Hints, classify
from crm.tracking.models import OpeningClass
from crm.tracking.openings import Fetch, Row

_QUICKEST: Final = shipped().after_accept
"""Seconds; whoever takes longer is judged alike, however much longer."""


@dataclass(slots=True)
class Noting:
    """What judging fetches takes; one a process."""

    register: Register
    speed: float = 1.0
    """Calendar seconds in a real one."""

    crowd: Crowd = field(default_factory=Crowd)


@dataclass(slots=True)
class Judged:
    """What is to be kept of some fetches."""

    rows: list[Row] = field(default_factory=list)
    crowds: list[tuple[frozenset[int], IpDigest]] = field(default_factory=list)
    """Messages whose openings at a place turn out to be no person's."""

    counted: list[StepDay] = field(default_factory=list)


def note_openings(database: Database, noting: Noting, fetches: Sequence[Fetch]) -> int:
    """Keep what may be kept of these fetches; return how many rows that are.

    A pixel we do not know, of a person who objected or was erased, writes nothing. A message has at most
    twenty rows, and what one program fetches again within a minute is one. Where there is one writer at a
    time, judging is done on a snapshot before, so that the lock is held for the inserting only; a refusal
    that came in between has everything judged again.
    """
    judged = None
    if database.is_sqlite:
        with database.reading() as session:
            judged = judge(session, noting, fetches)
        if not judged.rows and not judged.counted:
            return 0
    with database.transaction() as session:
        if judged is None or newest_refusal(session) != noting.register.newest:
            judged = judge(session, noting, fetches)
        openings.count(session, judged.counted)
        openings.keep(session, judged.rows)
        for group, place in judged.crowds:
            openings.mark_scanned(session, group, place)
    return len(judged.rows)


def judge(session: Session, noting: Noting, fetches: Sequence[Fetch]) -> Judged:
    """Decide what becomes of each fetch. Reads only."""
    noting.register.read_on(session)
    judged = Judged(counted=[one.pixel for one in fetches if isinstance(one.pixel, StepDay)])
    single = [(one.pixel, one) for one in fetches if isinstance(one.pixel, str)]
    if not single:
        return judged
    recent = min(one.at for _, one in single) - timedelta(seconds=(_QUICKEST + 1) * noting.speed)
    known = measured(session, noting.register, {pixel for pixel, _ in single}, recent=recent)
    kept = openings.of_messages(session, [one.id for one in known.values()])
    for pixel, fetch in single:
        message = known.get(pixel)
        if message is None:
            continue
        row = _judged(noting, message, fetch, judged.crowds)
        before = kept.setdefault(message.id, [])
        if row is None or len(before) >= openings.MOST or any(map(row.repeats, before)):
            continue
        before.append(row)
        judged.rows.append(row)
    return judged


def _judged(
    noting: Noting, message: Measured, fetch: Fetch, crowds: list[tuple[frozenset[int], IpDigest]]
) -> Row | None:
    """The row a fetch would be; adds to `crowds` whose earlier openings turn out to be no person's."""
    since = (fetch.at - message.sent_at).total_seconds() / noting.speed if message.sent_at else None
    by = _class_of(fetch.agent, fetch.network, None if since is None else min(since, _QUICKEST))
    if by is OpeningClass.PERSON and fetch.place is not None and message.step_id is not None:
        group = noting.crowd.seen(fetch.place, message.step_id, message.id, fetch.real_at)
        if group:
            by = OpeningClass.SCANNER
            crowds.append((group, fetch.place))
    return None if by is None else Row(message.id, fetch.at, fetch.agent, fetch.place, by)


@lru_cache(maxsize=4_096)  # of the same few hundred mail programs; no addresses in it
def _class_of(agent: str, network: str, since: float | None) -> OpeningClass | None:
    return classify("GET", {}, agent, since, Hints(network=network))
