"""What is known of recipients' domains, and when to ask the name system again."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.domains.models import DomainCheck
from crm.domains.ports import DomainVerdict

_checks = DomainCheck.metadata.tables["domain_checks"]
_d = _checks.c

AGAIN_AFTER: Final = {
    DomainVerdict.TAKES_MAIL: timedelta(days=30),
    DomainVerdict.IMPLICIT: timedelta(days=30),
    DomainVerdict.NULL_MX: timedelta(days=7),
    DomainVerdict.NO_MAIL: timedelta(days=7),
}
"""How long an answer is good; a no is looked at again sooner, it may have been a mistake of theirs."""

_AT_ONCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
FIRST_RETRY: Final = timedelta(minutes=5)
LONGEST_RETRY: Final = timedelta(hours=24)


def back_off(failures: int) -> timedelta:
    """How long to wait after so many looks in a row without an answer."""
    return min(FIRST_RETRY * (1 << min(max(failures - 1, 0), 12)), LONGEST_RETRY)


def want(session: Session, domains: Collection[str]) -> None:
    """Have domains looked up at once that nobody asked about yet; known ones keep what they have."""
    if not domains:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    rows = [
        {"domain": domain, "answer": DomainVerdict.UNKNOWN.value, "next_check_at": _AT_ONCE, "failures": 0}
        for domain in sorted(domains)
    ]
    session.connection().execute(insert(_checks).on_conflict_do_nothing(), rows)


def look_again(session: Session, domain: str) -> None:
    """Have a domain looked up at once, whatever is known; until then that counts."""
    session.execute(update(_checks).where(_d.domain == domain).values(next_check_at=_AT_ONCE))


def known(session: Session, domains: Collection[str]) -> set[str]:
    """Those of the domains that have a row."""
    return set(session.scalars(select(_d.domain).where(_d.domain.in_(domains))))


def after(session: Session, domain: str, *, limit: int) -> list[str]:
    """Domains that have a row, in their order, after one of them."""
    return list(session.scalars(select(_d.domain).where(_d.domain > domain).order_by(_d.domain).limit(limit)))


def forget(session: Session, domains: Collection[str]) -> None:
    """Drop what is known of domains at which nobody is any more."""
    if domains:
        session.execute(delete(_checks).where(_d.domain.in_(domains)))


def due(session: Session, *, now: datetime, limit: int, hold_for: timedelta) -> list[str]:
    """Domains to look up, the longest due first; nobody else is given them for `hold_for`."""
    found = list(
        session.scalars(
            select(_d.domain)
            .where(_d.next_check_at <= now)
            .order_by(_d.next_check_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )
    if found:
        session.execute(update(_checks).where(_d.domain.in_(found)).values(next_check_at=now + hold_for))
    return found


def record(session: Session, domain: str, verdict: DomainVerdict, *, now: datetime) -> None:
    """Keep an answer. An outage changes nothing but the moment of the next look."""
    if verdict is DomainVerdict.UNKNOWN:
        failures = session.scalar(select(_d.failures).where(_d.domain == domain)) or 0
        values = {"failures": failures + 1, "next_check_at": now + back_off(failures + 1)}
    else:
        values = {
            "answer": verdict.value,
            "checked_at": now,
            "failures": 0,
            "next_check_at": now + AGAIN_AFTER[verdict],
        }
    session.execute(update(_checks).where(_d.domain == domain).values(**values))
