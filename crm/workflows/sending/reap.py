"""Take back what dead workers left behind."""

import logging

from crm.delivery import crashes, reaper
from crm.delivery.reaper import Reaped
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.queries.sending.in_order import free_of
from crm.workflows.sending.lay_aside import lay_aside

log = logging.getLogger(__name__)


def reap(database: Database, clocks: Clocks) -> Reaped:
    """Claims whose lease is over: what was not begun is due again, what was begun is uncertain.

    Every worker may run it. It never decides a doubt, and no timer ever does. A message over which workers
    keep dying is laid aside; while somebody else has its enrolment in hand that waits for the next time.
    """
    with database.transaction() as session:
        found = reaper.reap(session, real_now=clocks.real(), now=clocks.calendar())
        poisonous = found.poisonous
        if poisonous:
            free = free_of(session, [one.id for one in poisonous])
            aside = [one for one in poisonous if one.id in free]
            lay_aside(session, aside, outcome=crashes.LAID_ASIDE, now=clocks.calendar())
        point("reaper.mid")
    if found != Reaped():
        log.warning(
            "leases were over",
            extra={
                "released": found.released,
                "doubtful": found.doubtful,
                "laid_aside": [one.id for one in poisonous],
            },
        )
    return found
