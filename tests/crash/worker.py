"""A nursery of workers: `python -m tests.crash.worker`. Reads orders, forks real processes, prints their ids.

Starting takes a second, dying takes none: so the processes that are killed are forks of one that has
everything imported, has sent a few messages to be warm, and has nothing open.
"""

import logging
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from crm import models
from crm.kernel.settings import Settings
from crm.workflows.planning.plan import plan_batch
from crm.workflows.sending.reap import reap
from tests.crash.plants import Dispatch, Plant, dispatch_of
from tests.crash.stage import Stage

LIMIT = 10
"""Messages in a claim: small, so that a kill leaves some for the next one."""

IDLE = 0.02  # seconds

TABLES = models.metadata
"""Every table is known, as in the scheduler: a worker that lays a message aside asks a colleague."""


def work(stage: Stage, send: Dispatch) -> None:
    """Plan and send until somebody kills us."""
    while True:
        if not once(stage, send):
            time.sleep(IDLE)


def once(stage: Stage, send: Dispatch) -> bool:
    """One look at everything; whether there was something to do."""
    reap(stage.database, stage.clocks)
    planned = plan_batch(stage.database, stage.desk, now=stage.clocks.calendar())
    sent = send(stage.room, LIMIT)
    return bool(planned.seen or sent.claimed)


def _tell(words: str) -> None:
    """Keep what ended a worker that nobody killed."""
    (Path(os.environ["CRM_VAR"]) / f"worker-{os.getpid()}.log").write_text(words)


def main() -> None:
    settings = Settings.from_env(os.environ)
    stage = Stage.enter(settings, float(os.environ["CRASH_STARTED"]))
    send = dispatch_of(Plant(os.environ["CRASH_PLANT"]))
    once(stage, send)
    stage.database.dispose()
    logging.disable()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for _order in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            try:
                work(stage, send)
            except BaseException:
                _tell(traceback.format_exc())
                raise
            finally:
                os._exit(1)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
