"""A no that was just written down is told to the mail provider as well, while its address is known."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from crm.delivery import syncs
from crm.delivery.account_ports import SuppressionLists
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.privacy.models import RefusalScope
from crm.queries.keeping import refused
from crm.queries.keeping.refused import Refused
from crm.workflows.reports.tell_addresses import Telling
from crm.workflows.reports.whom_refused import everybody

log = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""Refusals in one request."""

LOOK_BACK: Final = 1_000
"""Numbers below the last one looked at that are looked at again: PostgreSQL gives numbers out in one order,
and makes their rows visible in another. What comes later still is told by the daily comparison."""

HOLD: Final = timedelta(minutes=5)
EVERY: Final = timedelta(seconds=20)
_SEEN: Final = "seen"


def tell_refusals(
    database: Database,
    account: SuppressionLists,
    ring: AddressKeys,
    clocks: Clocks,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Tell what came since the last time; how many addresses. Cut off, the last request is made again.

    An address that the provider does not take is set aside, for the doctor to name and the next daily
    comparison to try again; what is behind it is told.

    A refusal of somebody we never knew, or have forgotten, has no address to tell; our own register stops
    the mail before it reaches the provider.
    """
    real = clocks.real()
    with database.reading() as session:
        if not syncs.is_due(session, syncs.PUSH, real_now=real):
            return 0
    with database.transaction() as session:
        position = syncs.take(session, syncs.PUSH, real_now=real, hold_until=real + HOLD)
    if position is None:
        return 0
    with database.reading() as session:
        so_far = _Progress(position, frozenset(syncs.detail(session, syncs.PUSH).get(_SEEN, ())))
    telling, answer = Telling(account), None
    while not stopping():
        with database.reading() as session:
            news = refused.newer(session, than=so_far.looks_back_to, but=so_far.known, limit=AT_ONCE)
        if not news:
            break
        answer = telling.tell(_people(database, ring, news))
        if answer is not None:
            break
        so_far = so_far.after(number for number, _ in news)
        _keep(database, so_far, telling.set_aside, next_at=clocks.real() + HOLD)
    wait = EVERY
    if answer is not None:
        log.warning("the provider could not be told of refusals", extra={"reason": answer.reason})
        wait = answer.wait
    _keep(database, so_far, telling.set_aside, next_at=clocks.real() + wait)
    return telling.told


class _Progress(NamedTuple):
    position: int
    known: frozenset[int]
    """Refusals that were told or set aside, of those looked at again: no more than `LOOK_BACK`."""

    @property
    def looks_back_to(self) -> int:
        return self.position - LOOK_BACK

    @property
    def detail(self) -> dict[str, list[int]]:
        return {_SEEN: sorted(self.known)}

    def after(self, seen: Iterable[int]) -> "_Progress":
        known = self.known.union(seen)
        position = max(known, default=self.position)
        return _Progress(position, frozenset(one for one in known if one > position - LOOK_BACK))


def _people(database: Database, ring: AddressKeys, news: list[tuple[int, RefusalScope]]) -> list[Refused]:
    """Whom these cover. A company's no covers people by their domain: everybody is looked at."""
    with database.reading() as session:
        found = refused.by_name(session, [number for number, _ in news])
    companies = [number for number, scope in news if scope is RefusalScope.DOMAIN]
    if companies:
        found += everybody(database, ring, by_company=companies)
    return found


def _keep(database: Database, so_far: _Progress, set_aside: dict[int, str], *, next_at: datetime) -> None:
    with database.transaction() as session:
        syncs.done(session, syncs.PUSH, next_at=next_at, position=so_far.position, detail=so_far.detail)
        if set_aside:
            syncs.set_aside(session, set_aside)
