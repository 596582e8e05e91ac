"""A provider's lists and ours are brought to what both know together, never to less (I13).

Theirs to ours: a no goes into the register whoever it is about, a dead address to the prospect who has it.
Ours to theirs: whoever the register covers and whose address we know. The register itself knows nobody.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from crm.audit import chain
from crm.delivery import syncs
from crm.delivery.account_ports import ListKind, NoAnswer, SuppressionLists
from crm.kernel.clock import Clocks
from crm.kernel.digests import AddressDigest
from crm.queries.keeping.refused import Refused
from crm.workflows.refusals.refuse import Desk
from crm.workflows.reports.take_in_suppressions import Difference, TakeIn
from crm.workflows.reports.tell_addresses import AT_ONCE, Telling
from crm.workflows.reports.whom_refused import everybody

DAILY: Final = timedelta(hours=24)
SOONER: Final = timedelta(hours=1)
"""When not everything could be asked."""

HOLD: Final = timedelta(hours=2)
"""How long a run may take before somebody else begins anew; everything in it may be done twice."""

_MOST_LISTED: Final = 10_000


@dataclass(slots=True)
class Reconciled:
    """What a run found and did."""

    seen: dict[ListKind, int] = field(default_factory=dict)
    """Entries of theirs, by list."""

    differences: list[Difference] = field(default_factory=list)
    """At most ten thousand; in memory, for whoever runs it by hand."""

    taken: int = 0
    """Of theirs that we did not know."""

    told: int = 0
    """Of ours that they did not know."""

    unreadable: int = 0
    """Entries of theirs that are no address."""

    set_aside: dict[int, str] = field(default_factory=dict)
    """Of ours that they do not take: by prospect, and why. Told anew by the next run."""

    unasked: dict[str, NoAnswer] = field(default_factory=dict)
    """What could not be asked or told, and why."""

    def note(self, differences: Iterable[Difference]) -> None:
        """Keep differences, as far as there is room."""
        self.differences += islice(differences, max(_MOST_LISTED - len(self.differences), 0))


def reconcile_suppressions(
    desk: Desk,
    account: SuppressionLists,
    *,
    now: datetime,
    by: chain.Actor = chain.PROGRAM,
    looking: bool = False,
    stopping: Callable[[], bool] = lambda: False,
) -> Reconciled:
    """Compare the whole of both and add to each what it lacks. `looking`: change nothing, only say.

    Audited, with counts. What cannot be asked now is left for the next run; done twice is done once.
    """
    found = Reconciled()
    theirs = _take_in(desk, account, found, now=now, looking=looking, stopping=stopping)
    if ListKind.UNSUBSCRIBES.value not in found.unasked and not stopping():
        _tell(desk, account, found, theirs, looking=looking)
    if not looking:
        with desk.database.transaction() as session:
            chain.append(session, actor=by, action="suppressions.reconciled", detail=_counts(found), at=now)
    return found


def reconcile_daily(
    desk: Desk, account: SuppressionLists, clocks: Clocks, *, stopping: Callable[[], bool] = lambda: False
) -> Reconciled | None:
    """The same once a day, by whichever process is first; None when it is not due."""
    real = clocks.real()
    with desk.database.reading() as session:
        if not syncs.is_due(session, syncs.RECONCILE, real_now=real):
            return None
    with desk.database.transaction() as session:
        if syncs.take(session, syncs.RECONCILE, real_now=real, hold_until=real + HOLD) is None:
            return None
    found = reconcile_suppressions(desk, account, now=clocks.calendar(), stopping=stopping)
    again = SOONER if found.unasked or stopping() else DAILY
    with desk.database.transaction() as session:
        syncs.done(session, syncs.RECONCILE, next_at=clocks.real() + again, position=0, detail=_counts(found))
    return found


def _take_in(
    desk: Desk,
    account: SuppressionLists,
    found: Reconciled,
    *,
    now: datetime,
    looking: bool,
    stopping: Callable[[], bool],
) -> set[AddressDigest]:
    """Go through their lists; the identities on the one of those who want no mail at all."""
    theirs: set[AddressDigest] = set()
    for kind in ListKind:
        taking = TakeIn(desk, kind, now=now, looking=looking)
        found.seen[kind] = 0
        for page in account.pages(kind):
            if isinstance(page, NoAnswer):
                found.unasked[kind.value] = page
                continue
            taken = taking.page(page)
            found.seen[kind] += len(page)
            found.taken += len(taken.differences)
            found.unreadable += taken.unreadable
            found.note(taken.differences)
            if kind is ListKind.UNSUBSCRIBES:
                theirs |= taken.identities
            if stopping():
                return theirs
    return theirs


def _tell(
    desk: Desk, account: SuppressionLists, found: Reconciled, theirs: set[AddressDigest], *, looking: bool
) -> None:
    """Put on their list whom our register covers. What the register says alone cannot be told."""
    telling = Telling(account)
    for some in _unknown(desk, theirs):
        answer = None if looking else telling.tell(some)
        found.set_aside = telling.set_aside
        found.told = found.told + len(some) if looking else telling.told
        if answer is not None:
            found.unasked["told"] = answer
            return
        found.note(Difference(None, one.address) for one in some)
    if not looking:
        _keep_set_aside(desk, found)


def _unknown(desk: Desk, theirs: set[AddressDigest]) -> Iterator[Sequence[Refused]]:
    """Whom they do not know, as many as fit in one request. No transaction is open while they are told."""
    ours = (one for one in everybody(desk.database, desk.ring) if one.digest not in theirs)
    while some := list(islice(ours, AT_ONCE)):
        yield some


def _keep_set_aside(desk: Desk, found: Reconciled) -> None:
    """Everybody was told anew: whoever was set aside before and is not now, has been taken."""
    with desk.database.transaction() as session:
        syncs.set_aside(session, found.set_aside, all_of_them=True)


def _counts(found: Reconciled) -> dict[str, object]:
    return {
        "seen": {kind.value: count for kind, count in found.seen.items()},
        "taken": found.taken,
        "told": found.told,
        "unreadable": found.unreadable,
        "set_aside": len(found.set_aside),
        "unasked": {name: answer.reason for name, answer in found.unasked.items()},
    }
