"""Note which messages were opened. Shown and counted; decides nothing (D4, P15)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.kernel.public_links import StepDay
from crm.queries.inbox.openings import Measured, Register, measured, message_of, newest_refusal, references
from crm.tracking import openings
from crm.tracking.addresses import IpDigest
from crm.tracking.lists import shipped
from crm.tracking.machines import Crowd, Hints, classify
from crm.tracking.models import OpeningClass
from crm.tracking.openings import Fetch, Row, Visit
from crm.tracking.visits import Visits

_QUICKEST: Final = shipped().after_accept
"""Seconds; whoever takes longer is judged alike, however much longer."""

_TO_PAGE: Final = timedelta(seconds=shipped().to_page)
"""Between pixel and unsubscribe page, either way round, no person is as quick as this."""


@dataclass(slots=True)
class Noting:
    """What judging fetches takes; one a process."""

    register: Register
    speed: float = 1.0
    """Calendar seconds in a real one."""

    crowd: Crowd = field(default_factory=Crowd)
    visits: Visits = field(default_factory=Visits)


@dataclass(slots=True)
class Judged:
    """What is to be kept of some fetches."""

    rows: list[Row] = field(default_factory=list)
    crowds: list[tuple[frozenset[int], IpDigest]] = field(default_factory=list)
    """Messages whose openings at a place turn out to be no person's."""

    read: list[tuple[int, Fetch]] = field(default_factory=list)
    """Messages with what fetched their pixel as for a reader."""

    counted: list[StepDay] = field(default_factory=list)


def note_openings(database: Database, noting: Noting, noted: Sequence[Fetch | Visit]) -> int:
    """Keep what may be kept of these fetches; return how many rows that are.

    A pixel we do not know, of a person who objected or was erased, writes nothing. A message has at most
    twenty rows, and what one program fetches again within a minute is one. Where there is one writer at a
    time, judging is done on a snapshot before, so that the lock is held for the inserting only; a refusal
    that came in between has everything judged again.
    """
    fetches = [one for one in noted if isinstance(one, Fetch)]
    _take_back(database, noting, [one for one in noted if isinstance(one, Visit)])
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
    _look_for_visits(database, noting, judged.read)
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
        if row.opened_by in openings.READ:
            judged.read.append((message.id, fetch))
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


def _look_for_visits(database: Database, noting: Noting, read: Sequence[tuple[int, Fetch]]) -> None:
    """Take openings back whose message had its unsubscribe page asked for, faster than a person gets there.

    Only once they are written down: whoever is asked for a page notes that first and looks for openings then,
    so that one of the two sees the other. Mostly no page was asked for lately, and nobody looks further.
    """
    if not read or not noting.visits.any_since(min(one.real_at for _, one in read) - _TO_PAGE):
        return
    with database.reading() as session:
        names = references(session, {id_ for id_, _ in read})
    visits = [
        Visit(names[id_], one.at) for id_, one in read if id_ in names and _is_near(noting, names[id_], one)
    ]
    _take_back(database, noting, visits)


def _is_near(noting: Noting, reference: str, fetch: Fetch) -> bool:
    gap = noting.visits.seconds_since(reference, fetch.real_at)
    return gap is not None and abs(gap) <= _TO_PAGE.total_seconds()


def _take_back(database: Database, noting: Noting, visits: Sequence[Visit]) -> None:
    """What opened a message around a visit of its page, at these (calendar) times, was no person."""
    if not visits:
        return
    with database.transaction() as session:
        for visit in visits:
            # An opening is kept to the second, so that one of two seconds ago may say three.
            since = visit.at - (_TO_PAGE + timedelta(seconds=1)) * noting.speed
            message = message_of(session, visit.message)
            if message is not None:
                openings.mark_hurried(session, message, since=since)
