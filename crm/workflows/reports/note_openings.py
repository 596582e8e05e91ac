"""Note which messages were opened. Shown and counted; decides nothing (D4, P15)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from sqlalchemy.orm import Session

from crm.kernel.db import Database
from crm.kernel.public_links import StepDay
from crm.queries.openings import Measured, Register, measured, message_of, newest_refusal, references
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

    persons: list[tuple[int, Fetch]] = field(default_factory=list)
    """Messages with what fetched their pixel like a person."""

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
    _look_again(database, noting, judged.persons)
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
    hurried = _hurried(session, noting, [(known[pixel].id, one) for pixel, one in single if pixel in known])
    for pixel, fetch in single:
        message = known.get(pixel)
        if message is None:
            continue
        to_page = 0.0 if (message.id, fetch) in hurried else None
        row = _judged(noting, message, fetch, to_page, judged.crowds)
        before = kept.setdefault(message.id, [])
        if row is None or len(before) >= openings.MOST or any(map(row.repeats, before)):
            continue
        before.append(row)
        judged.rows.append(row)
        if row.opened_by is OpeningClass.PERSON:
            judged.persons.append((message.id, fetch))
    return judged


def _judged(
    noting: Noting,
    message: Measured,
    fetch: Fetch,
    to_page: float | None,
    crowds: list[tuple[frozenset[int], IpDigest]],
) -> Row | None:
    """The row a fetch would be; adds to `crowds` whose earlier openings turn out to be no person's."""
    since = (fetch.at - message.sent_at).total_seconds() / noting.speed if message.sent_at else None
    quick = None if since is None else min(since, _QUICKEST)
    by = _class_of(fetch.agent, fetch.network, quick, to_page)
    if by is OpeningClass.PERSON and fetch.place is not None and message.step_id is not None:
        group = noting.crowd.seen(fetch.place, message.step_id, message.id, fetch.real_at)
        if group:
            by = OpeningClass.SCANNER
            crowds.append((group, fetch.place))
    return None if by is None else Row(message.id, fetch.at, fetch.agent, fetch.place, by)


@lru_cache(maxsize=4_096)  # of the same few hundred mail programs; no addresses in it
def _class_of(agent: str, network: str, since: float | None, to_page: float | None) -> OpeningClass | None:
    return classify("GET", {}, agent, since, Hints(network=network, seconds_from_page=to_page))


def _hurried(
    session: Session, noting: Noting, fetched: Sequence[tuple[int, Fetch]]
) -> set[tuple[int, Fetch]]:
    """Those whose message had its unsubscribe page asked for as well, faster than a person gets there."""
    if not _is_any_visited(noting, fetched):
        return set()
    names = references(session, {id_ for id_, _ in fetched})
    gaps = {
        (id_, one): noting.visits.seconds_since(names[id_], one.real_at)
        for id_, one in fetched
        if id_ in names
    }
    return {one for one, gap in gaps.items() if gap is not None and abs(gap) <= _TO_PAGE.total_seconds()}


def _is_any_visited(noting: Noting, fetched: Sequence[tuple[int, Fetch]]) -> bool:
    """Mostly no page was asked for lately, and nobody need look further."""
    return bool(fetched) and noting.visits.any_since(min(one.real_at for _, one in fetched) - _TO_PAGE)


def _look_again(database: Database, noting: Noting, persons: Sequence[tuple[int, Fetch]]) -> None:
    """Look for visits that came while openings were written down, now that they are.

    Whoever is asked for a page notes that first and looks for openings then: one of the two sees the other.
    """
    if not _is_any_visited(noting, persons):
        return
    with database.reading() as session:
        hurried = _hurried(session, noting, persons)
    _mark(database, noting, [(id_, fetch.at) for id_, fetch in hurried])


def _take_back(database: Database, noting: Noting, visits: Sequence[Visit]) -> None:
    """Look for openings just before these visits of the page."""
    if not visits:
        return
    with database.reading() as session:
        found = [(message_of(session, one.message), one.at) for one in visits]
        kept = openings.of_messages(session, [id_ for id_, _ in found if id_ is not None])
    _mark(database, noting, [(id_, at) for id_, at in found if id_ is not None and id_ in kept])


def _mark(database: Database, noting: Noting, hurried: Sequence[tuple[int, datetime]]) -> None:
    """What was taken for a person around these (calendar) times was none."""
    if not hurried:
        return
    with database.transaction() as session:
        for message, at in hurried:
            since = at - (_TO_PAGE + timedelta(seconds=1)) * noting.speed  # an opening is kept to the second
            openings.mark_hurried(session, message, since=since)
