"""The jobs, one line each (D13). Due work is found by SQL: a second scheduler is harmless, a late tick too.

A job takes the services and a question it asks between two pieces of work: shall I stop? It may raise; the
others go on, and it is run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from crm.conversations import notes
from crm.operations import limits
from crm.replies import inbox
from crm.services import Services
from crm.workflows.check_domains import Watermark, check_domains
from crm.workflows.dispatch import PostRoom, dispatch
from crm.workflows.erase import Shelves, finish_erasures
from crm.workflows.hand_off import hand_off
from crm.workflows.import_prospects import run_imports
from crm.workflows.plan import plan
from crm.workflows.reap import reap
from crm.workflows.receive_import import forget_uploads
from crm.workflows.receive_mail import receive_mail
from crm.workflows.understand_mail import understand_mail

LIMITS_KEPT: Final = timedelta(days=2)

Stopping = Callable[[], bool]
Work = Callable[[Services, Stopping], object]


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the timetable."""

    name: str
    every: float
    """Real seconds from one start to the next; a job still at work is not started again."""

    work: Work


def timetable(speed: float) -> tuple[Job, ...]:
    """Everything that happens by itself. `speed`: calendar seconds in a real one; the demo looks more often.

    To add a job: write a workflow that finds its own due work, a function below that calls it, a line here.
    """
    often = min(max(60.0 / speed, 1.0), 60.0)
    return (
        Job("dispatch", 1.0, _dispatch),
        Job("plan", often, _plan),
        Job("check_domains", min(often, 10.0), _domains(Watermark())),
        Job("hand_off", min(often, 10.0), _hand_off),
        Job("read_inbox", min(often, 5.0), _read_inbox),
        Job("run_imports", 2.0, _run_imports),
        Job("finish_erasures", min(often, 10.0), _finish_erasures),
        Job("clear_away", 600.0, _clear_away),
        Job("destroy_old_keys", 3600.0, _destroy_old_keys),
    )


def _dispatch(services: Services, stopping: Stopping) -> None:
    room = PostRoom(services.database, services.settings, services.clocks, services.mailer)
    reap(services.database, services.clocks)
    while dispatch(room, stopping=stopping).claimed and not stopping():
        continue


def _plan(services: Services, stopping: Stopping) -> None:
    plan(services.database, services.desk, now=services.clocks.calendar(), stopping=stopping)


def _domains(seen: Watermark) -> Work:
    def work(services: Services, stopping: Stopping) -> None:
        check_domains(services.database, services.mail_domains, services.clocks.real, seen, stopping=stopping)

    return work


def _hand_off(services: Services, _stopping: Stopping) -> None:
    if services.counter is not None:
        hand_off(services.counter)


def _read_inbox(services: Services, _stopping: Stopping) -> None:
    receive_mail(services.database, services.inbox, services.clocks.calendar)
    understand_mail(services.reading_room, now=services.clocks.calendar())


def _run_imports(services: Services, stopping: Stopping) -> None:
    run_imports(services.intake, should_stop=stopping)


def _finish_erasures(services: Services, _stopping: Stopping) -> None:
    shelves = Shelves(services.settings.var, services.sent_mail)
    finish_erasures(services.refusal_desk(), shelves, at=services.clocks.calendar())


def _clear_away(services: Services, _stopping: Stopping) -> None:
    """What is over: uploads, notes taken back, windows of limits."""
    forget_uploads(services.intake)
    with services.database.transaction() as session:
        notes.clear_away(session, at=services.clocks.calendar())
        inbox.forget_raw(session, at=services.clocks.calendar())
        limits.forget(session, before=services.clocks.real() - LIMITS_KEPT)


def _destroy_old_keys(services: Services, _stopping: Stopping) -> None:
    services.ip_keys.destroy_old(services.clocks.real())
