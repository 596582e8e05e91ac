"""Note which messages were opened. Shown and counted; decides nothing (D4, P15)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from crm.kernel.digests import AddressKeys
from crm.kernel.public_links import StepDay
from crm.queries.openings import Measured, measured
from crm.tracking import openings
from crm.tracking.addresses import IpDigest
from crm.tracking.machines import Crowd, Hints, classify
from crm.tracking.models import OpeningClass
from crm.tracking.openings import Fetch, Row


@dataclass(slots=True)
class Noting:
    """What judging fetches takes; one a process."""

    ring: AddressKeys
    speed: float = 1.0
    """Calendar seconds in a real one."""

    crowd: Crowd = field(default_factory=Crowd)


def note_openings(session: Session, noting: Noting, fetches: Sequence[Fetch]) -> int:
    """Keep what may be kept of these fetches; return how many rows that are.

    A pixel we do not know, of a person who objected or was erased, writes nothing. A message has at most
    twenty rows, and what one program fetches again within a minute is one.
    """
    openings.count(session, [one.pixel for one in fetches if isinstance(one.pixel, StepDay)])
    single = [(one.pixel, one) for one in fetches if isinstance(one.pixel, str)]
    known = measured(session, noting.ring, {pixel for pixel, _ in single}) if single else {}
    crowds: list[tuple[frozenset[int], IpDigest]] = []
    kept = openings.of_messages(session, [one.id for one in known.values()]) if known else {}
    fresh: list[Row] = []
    for pixel, fetch in single:
        message = known.get(pixel)
        if message is None:
            continue
        row = _judged(noting, message, fetch, crowds)
        before = kept.setdefault(message.id, [])
        if row is None or len(before) >= openings.MOST or any(map(row.repeats, before)):
            continue
        before.append(row)
        fresh.append(row)
    openings.keep(session, fresh)
    for group, place in crowds:
        openings.mark_scanned(session, group, place)
    return len(fresh)


def _judged(
    noting: Noting, message: Measured, fetch: Fetch, crowds: list[tuple[frozenset[int], IpDigest]]
) -> Row | None:
    """The row a fetch would be; adds to `crowds` whose earlier openings turn out to be no person's."""
    since = (fetch.at - message.sent_at).total_seconds() / noting.speed if message.sent_at else None
    by = classify("GET", {}, fetch.agent, since, Hints(network=fetch.network))
    if by is OpeningClass.PERSON and fetch.place is not None and message.step_id is not None:
        group = noting.crowd.seen(fetch.place, message.step_id, message.id, fetch.real_at)
        if group:
            by = OpeningClass.SCANNER
            crowds.append((group, fetch.place))
    return None if by is None else Row(message.id, fetch.at, fetch.agent, fetch.place, by)
