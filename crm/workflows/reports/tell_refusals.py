"""A no that was just written down is told to the mail provider as well, while its address is known."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from crm.delivery import syncs
from crm.delivery.account_ports import NoAnswer, SuppressionLists
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.privacy.models import RefusalScope
from crm.queries import refused
from crm.workflows.reports.whom_refused import everybody

log = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""Refusals in one request."""

LOOK_BACK: Final = 1_000
"""Numbers below the last one told that are looked at again: PostgreSQL gives numbers out in one order, and
makes their rows visible in another. What comes later still is told by the daily comparison."""

HOLD: Final = timedelta(minutes=5)
EVERY: Final = timedelta(seconds=20)
_TOLD: Final = "told"


def tell_refusals(
    database: Database,
    account: SuppressionLists,
    ring: AddressKeys,
    clocks: Clocks,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Tell what came since the last time; how many addresses. Cut off, the last request is made again.

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
        so_far = _Progress(position, frozenset(syncs.detail(session, syncs.PUSH).get(_TOLD, ())))
    told, answer = 0, None
    while not stopping():
        with database.reading() as session:
            news = refused.newer(session, than=so_far.looks_back_to, but=so_far.known, limit=AT_ONCE)
        if not news:
            break
        addresses = _addresses(database, ring, news)
        answer = _tell(account, addresses)
        if answer is not None:
            break
        told += len(addresses)
        so_far = so_far.after(number for number, _ in news)
        _keep(database, so_far, next_at=clocks.real() + HOLD)
    wait = EVERY
    if answer is not None:
        log.warning("the provider could not be told of refusals", extra={"reason": answer.reason})
        wait = answer.wait
    _keep(database, so_far, next_at=clocks.real() + wait)
    return told


class _Progress(NamedTuple):
    position: int
    known: frozenset[int]
    """Refusals that were told, among those that are looked at again: no more than `LOOK_BACK`."""

    @property
    def looks_back_to(self) -> int:
        return self.position - LOOK_BACK

    @property
    def detail(self) -> dict[str, list[int]]:
        return {_TOLD: sorted(self.known)}

    def after(self, told: Iterable[int]) -> "_Progress":
        known = self.known.union(told)
        position = max(known, default=self.position)
        return _Progress(position, frozenset(one for one in known if one > position - LOOK_BACK))


def _addresses(database: Database, ring: AddressKeys, news: list[tuple[int, RefusalScope]]) -> list[str]:
    """Whom these cover, each once. A company's no covers people by their domain: everybody is looked at."""
    with database.reading() as session:
        found = [one.address for one in refused.by_name(session, [number for number, _ in news])]
    companies = [number for number, scope in news if scope is RefusalScope.DOMAIN]
    if companies:
        found += [one.address for one in everybody(database, ring, by_company=companies)]
    return list(dict.fromkeys(found))


def _tell(account: SuppressionLists, addresses: list[str]) -> NoAnswer | None:
    for start in range(0, len(addresses), 500):
        answer = account.add(addresses[start : start + 500])
        if answer is not None:
            return answer
    return None


def _keep(database: Database, so_far: _Progress, *, next_at: datetime) -> None:
    with database.transaction() as session:
        syncs.done(session, syncs.PUSH, next_at=next_at, position=so_far.position, detail=so_far.detail)
