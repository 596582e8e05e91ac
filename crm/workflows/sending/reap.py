"""Take back what dead workers left behind."""

import logging

from crm.delivery import reaper
from crm.delivery.reaper import Reaped
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point

log = logging.getLogger(__name__)


def reap(database: Database, clocks: Clocks) -> Reaped:
    """Claims whose lease is over: what was not begun is due again, what was begun is uncertain.

    Every worker may run it. It never decides a doubt, and no timer ever does.
    """
    with database.transaction() as session:
        found = reaper.reap(session, real_now=clocks.real(), now=clocks.calendar())
        point("reaper.mid")
    if found != Reaped():
        log.warning(
            "leases were over",
            extra={"released": found.released, "doubtful": found.doubtful, "laid_aside": found.laid_aside},
        )
    return found
