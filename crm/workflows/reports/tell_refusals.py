"""A no that was just written down is told to the mail provider as well, while its address is known."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import syncs
from crm.delivery.account_ports import NoAnswer, SuppressionLists
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.privacy.models import RefusalScope
from crm.queries import refused

log = logging.getLogger(__name__)

AT_ONCE: Final = 200
"""Refusals in one request."""

HOLD: Final = timedelta(minutes=5)
EVERY: Final = timedelta(seconds=20)


def tell_refusals(
    database: Database,
    account: SuppressionLists,
    ring: AddressKeys,
    clocks: Clocks,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Tell what came since the last time; how many addresses. Interrupted, the same are told again.

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
    told, answer = 0, None
    while not stopping():
        with database.reading() as session:
            news = refused.newer(session, than=position, limit=AT_ONCE)
            addresses = _addresses(session, ring, news)
        if not news:
            break
        answer = _tell(account, addresses)
        if answer is not None:
            break
        told, position = told + len(addresses), news[-1][0]
    _let_go(database, clocks, position, answer)
    return told


def _addresses(session: Session, ring: AddressKeys, news: list[tuple[int, RefusalScope]]) -> list[str]:
    """Whom these cover. A company's no covers people by their domain, so then everybody is looked at."""
    if any(scope is RefusalScope.DOMAIN for _, scope in news):
        return [one.address for page in refused.everybody(session, ring) for one in page]
    return [one.address for one in refused.by_name(session, [number for number, _ in news])]


def _tell(account: SuppressionLists, addresses: list[str]) -> NoAnswer | None:
    for start in range(0, len(addresses), 500):
        answer = account.add(addresses[start : start + 500])
        if answer is not None:
            return answer
    return None


def _let_go(database: Database, clocks: Clocks, position: int, answer: NoAnswer | None) -> None:
    wait = EVERY
    if answer is not None:
        log.warning("the provider could not be told of refusals", extra={"reason": answer.reason})
        wait = answer.wait
    with database.transaction() as session:
        syncs.done(session, syncs.PUSH, next_at=clocks.real() + wait, position=position)
