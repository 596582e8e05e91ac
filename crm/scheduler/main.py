"""A scheduler process: a handful of interval jobs in memory, and an orderly stop."""

import logging
import threading
from collections.abc import Callable
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from crm.kernel.clock import monotonic
from crm.operations import heartbeat
from crm.scheduler.jobs import Job, Stopping, timetable
from crm.services import Services

log = logging.getLogger(__name__)

BEAT: Final = 5.0
"""Real seconds between two signs of life."""

STUCK_AFTER: Final = 150.0
"""Real seconds after which a job that should run every second is stuck: then nothing shows life."""

VITAL: Final = "dispatch"
IDLE: Final = 0.2  # seconds between two looks at the stop signal; it is set from a signal handler


def run(services: Services, stop: threading.Event) -> None:
    """Run the timetable until `stop` is set, then finish what is in hand and return.

    A job that fails is logged with its traceback and run again; it takes no other one with it.
    """
    pulse = Pulse()
    jobs = (*timetable(services.clocks.speed), Job("heartbeat", BEAT, pulse.beat))
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(len(jobs))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone="UTC",
    )
    for job in jobs:
        scheduler.add_job(
            guarded(job, services, stop.is_set, pulse), "interval", seconds=job.every, id=job.name
        )
        # Not only after the first interval has passed.
        scheduler.modify_job(job.name, next_run_time=services.clocks.real())
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that is skipped is no news
    scheduler.start()
    try:
        while not stop.wait(IDLE):
            continue
    finally:
        scheduler.shutdown(wait=True)
        log.info("scheduler stopped")


def guarded(job: Job, services: Services, stopping: Stopping, pulse: "Pulse") -> Callable[[], None]:
    """The job with the program's one broad `except` around it."""

    def work() -> None:
        if stopping():
            return
        try:
            job.work(services, stopping)
        except Exception:
            log.exception("a job failed", extra={"job": job.name})
        else:
            pulse.ended(job.name)

    return work


class Pulse:
    """Shows life while the vital job comes to its end again and again."""

    def __init__(self) -> None:
        self._ended = {VITAL: monotonic()}
        self._runs: dict[str, int] = {}

    def ended(self, name: str) -> None:
        """A job ran through."""
        self._ended[name] = monotonic()
        self._runs[name] = self._runs.get(name, 0) + 1

    def beat(self, services: Services, _stopping: Stopping) -> None:
        """Write a sign of life down, unless sending has not come to its end for so long that it is none."""
        if monotonic() - self._ended[VITAL] > STUCK_AFTER:
            return
        with services.database.transaction() as session:
            heartbeat.beat(session, heartbeat.SCHEDULER, at=services.clocks.real(), detail=dict(self._runs))
