"""Ask the name system which recipients' domains take mail: in the scheduler, never in a web request."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.domains import checks
from crm.domains.ports import DomainAnswer, MailDomainLookup
from crm.kernel.clock import Clock
from crm.kernel.db import Database
from crm.prospects.models import Prospect

log = logging.getLogger(__name__)

AT_ONCE: Final = 40
SIDE_BY_SIDE: Final = 8
HOLD: Final = timedelta(minutes=5)
"""How long a domain is ours: longer than any look-up takes. After a crash somebody asks again."""

_PAGE: Final = 5_000  # prospects in one look for new domains
_p = Prospect.metadata.tables["prospects"].c


@dataclass(slots=True)
class Watermark:
    """The last prospect whose domain was noted; kept by the process, so a restart looks at all again.

    So does each new day: an erasure may have taken a domain along that somebody else has as well.
    """

    prospect_id: int = 0
    day: date | None = None
    met: set[str] | None = None
    """The domains of this day's look at all; None once it is over."""

    def begin(self, day: date) -> None:
        """Go on where it was; on another day from the start."""
        if day != self.day:
            self.day, self.prospect_id, self.met = day, 0, set()


def check_domains(
    database: Database,
    lookup: MailDomainLookup,
    clock: Clock,
    seen: Watermark,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Look up what is due; how many domains were asked about. Where nobody is any more is forgotten, daily.

    No transaction is open meanwhile. An outage is never "no mail here": what was known stays known, and the
    question is asked again later. `clock` is the real one: other people's name servers do not run fast.
    """
    seen.begin(clock().date())
    while not stopping():
        if not _note_new(database, seen):
            _forget_left(database, seen)
            break
    with database.transaction() as session:
        domains = checks.due(session, now=clock(), limit=AT_ONCE, hold_for=HOLD)
    if not domains:
        return 0
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        answers = list(threads.map(lookup.look_up, domains))
    with database.transaction() as session:
        for domain, answer in zip(domains, answers, strict=True):
            checks.record(session, domain, answer.verdict, now=clock())
    _report(answers)
    return len(domains)


def _note_new(database: Database, seen: Watermark) -> bool:
    """Note the domains of prospects that came since; True while there may be more."""
    with database.reading() as session:
        rows = session.execute(
            select(_p.id, _p.address).where(_p.id > seen.prospect_id).order_by(_p.id).limit(_PAGE)
        ).all()
        domains = {row.address.rpartition("@")[2] for row in rows}
        fresh = domains - _known(session, domains)
    if fresh:
        with database.transaction() as session:
            checks.want(session, fresh)
    if seen.met is not None:
        seen.met |= domains
    if rows:
        seen.prospect_id = rows[-1].id
    return len(rows) == _PAGE


def _forget_left(database: Database, seen: Watermark) -> None:
    """After a look at all prospects: forget the domains at which none of them is.

    Whoever came after it is looked at once more. One that is forgotten too early is noted again: by the
    planner when somebody there is due, or by the next day's look.
    """
    if seen.met is None:
        return
    last, forgotten = "", 0
    while True:
        with database.transaction() as session:
            some = checks.after(session, last, limit=_PAGE)
            came = session.scalars(select(_p.address).where(_p.id > seen.prospect_id))
            left = set(some) - seen.met - {address.rpartition("@")[2] for address in came}
            checks.forget(session, left)
        forgotten += len(left)
        if len(some) < _PAGE:
            break
        last = some[-1]
    seen.met = None
    if forgotten:
        log.info("domains forgotten", extra={"domains": forgotten})


def _known(session: Session, domains: set[str]) -> set[str]:
    return checks.known(session, domains) if domains else set()


def _report(answers: list[DomainAnswer]) -> None:
    counts: dict[str, int] = {}
    for answer in answers:
        counts[answer.verdict.value] = counts.get(answer.verdict.value, 0) + 1
    log.info("domains checked", extra={"verdicts": counts})
