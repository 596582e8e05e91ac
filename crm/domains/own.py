"""How our own sending domains do, and since when one fails. Real time: nobody's name server runs fast."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.domains.models import OwnDomain
from crm.domains.proof import Judgement, Mark

AGAIN_AFTER: Final = timedelta(hours=1)

_domains = OwnDomain.metadata.tables["own_domains"]
_d = _domains.c


@dataclass(frozen=True, slots=True)
class Failing:
    """A domain with a fault."""

    domain: str
    words: str
    since: datetime
    is_over: bool
    """The grace is over."""


def take_due(session: Session, domains: Collection[str], *, now: datetime) -> list[str]:
    """Those of our domains that are to be looked at; nobody else is given them for an hour."""
    if not domains:
        return []
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [
        {"domain": one, "mark": Mark.UNKNOWN.value, "words": "", "next_check_at": now}
        for one in sorted(domains)
    ]
    session.connection().execute(insert(_domains).on_conflict_do_nothing(), rows)
    due = (
        update(_domains)
        .where(_d.domain.in_(domains), _d.next_check_at <= now)
        .values(next_check_at=now + AGAIN_AFTER)
        .returning(_d.domain)
    )
    return sorted(session.scalars(due))


def record(
    session: Session, domain: str, found: Judgement, *, grace: timedelta, now: datetime
) -> Failing | None:
    """Keep a judgement; the fault, when there is one. What nobody can tell changes nothing.

    `grace`: how long a fault may stand before nothing is sent from the domain any more.
    """
    row = session.execute(select(OwnDomain).where(OwnDomain.domain == domain)).scalar_one()
    if found.mark is not Mark.UNKNOWN:
        row.mark, row.words, row.checked_at = found.mark.value, found.words[:300], now
        failed_before = row.failing_since if found.mark is Mark.FAIL else None
        row.failing_since = (failed_before or now) if found.mark is Mark.FAIL else None
        session.flush()
    if row.failing_since is None:
        return None
    return Failing(domain, row.words, row.failing_since, is_over=now - row.failing_since >= grace)
