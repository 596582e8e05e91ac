"""The jobs, one line each (D13). Due work is found by SQL: a second scheduler is harmless, a late tick too.

A job takes the services and a question it asks between two pieces of work: shall I stop? It may raise; the
others go on, and it is run again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from crm.conversations import notes
from crm.delivery import events
from crm.operations import limits
from crm.prospects import imports, second_addresses
from crm.replies import inbox
from crm.scheduler.inbox_job import InboxJob
from crm.services import Services
from crm.staff import accounts, sessions
from crm.workflows.holding.guard import Watch, guard
from crm.workflows.house.check_own_domains import check_own_domains
from crm.workflows.inbox.understand_mail import understand_mail
from crm.workflows.leads.hand_off import hand_off
from crm.workflows.people.check_domains import Watermark, check_domains
from crm.workflows.people.import_prospects import run_imports
from crm.workflows.people.receive_import import forget_uploads
from crm.workflows.planning.plan import plan
from crm.workflows.refusals.erase import Shelves, finish_erasures
from crm.workflows.refusals.retire_people import retire_people
from crm.workflows.reports.apply_events import apply_events, apply_parked
from crm.workflows.reports.reconcile_suppressions import reconcile_daily
from crm.workflows.reports.tell_refusals import tell_refusals
from crm.workflows.sending.dispatch import PostRoom, dispatch
from crm.workflows.sending.look_up_uncertain import look_up_uncertain
from crm.workflows.sending.reap import reap

LIMITS_KEPT: Final = timedelta(days=2)
INVITATIONS_KEPT: Final = timedelta(days=14)
LINES_KEPT: Final = timedelta(days=90)
"""Which row of a file was left out, and why: long enough to mend the file."""

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
        Job("apply_events", 1.0, _apply_events),
        Job("read_inbox", 1.0, InboxJob()),
        Job("understand_mail", 1.0, _understand_mail),
        Job("look_up_uncertain", 60.0, _look_up_uncertain),
        Job("tell_refusals", 30.0, _tell_refusals),
        Job("reconcile_suppressions", 600.0, _reconcile_suppressions),
        Job("run_imports", 2.0, _run_imports),
        Job("finish_erasures", min(often, 10.0), _finish_erasures),
        Job("retire_people", min(often * 10, 600.0), _retire_people),
        Job("check_own_domains", 60.0, _own_domains),
        Job("guard", often, _guard(Watch())),
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


def _understand_mail(services: Services, _stopping: Stopping) -> None:
    understand_mail(services.reading_room, now=services.clocks.calendar())


def _apply_events(services: Services, stopping: Stopping) -> None:
    desk, now = services.refusal_desk(), services.clocks.calendar
    apply_events(desk, now=now(), stopping=stopping)
    apply_parked(desk, now=now(), stopping=stopping)


def _look_up_uncertain(services: Services, stopping: Stopping) -> None:
    if services.account is not None:
        look_up_uncertain(
            services.database, services.account, services.settings.keys.addresses, services.clocks,
            stopping=stopping,
        )  # fmt: skip


def _tell_refusals(services: Services, stopping: Stopping) -> None:
    if services.account is not None:
        ring = services.settings.keys.addresses
        tell_refusals(services.database, services.account, ring, services.clocks, stopping=stopping)


def _reconcile_suppressions(services: Services, stopping: Stopping) -> None:
    if services.account is not None:
        reconcile_daily(services.refusal_desk(), services.account, services.clocks, stopping=stopping)


def _run_imports(services: Services, stopping: Stopping) -> None:
    run_imports(services.intake, should_stop=stopping)


def _finish_erasures(services: Services, _stopping: Stopping) -> None:
    shelves = Shelves(services.settings.var, services.sent_mail)
    finish_erasures(services.refusal_desk(), shelves, at=services.clocks.calendar())


def _retire_people(services: Services, stopping: Stopping) -> None:
    retire_people(
        services.refusal_desk(),
        Shelves(services.settings.var, services.sent_mail),
        months=services.settings.retention_months,
        at=services.clocks.calendar(),
        stopping=stopping,
    )


def _own_domains(services: Services, _stopping: Stopping) -> None:
    check_own_domains(services.database, services.mail_domains, services.settings, services.clocks)


def _guard(watch: Watch) -> Work:
    def work(services: Services, _stopping: Stopping) -> None:
        clocks = services.clocks
        guard(services.database, services.settings, watch, now=clocks.calendar(), speed=clocks.speed)

    return work


def _clear_away(services: Services, stopping: Stopping) -> None:
    """What is over: uploads, what was taken back, windows of limits, sessions, links nobody used."""
    forget_uploads(services.intake)
    calendar, real = services.clocks.calendar(), services.clocks.real()
    with services.database.transaction() as session:
        notes.clear_away(session, at=calendar)
        second_addresses.clear_away(session, at=calendar)
        inbox.forget_raw(session, at=calendar)
        events.forget(session, at=calendar, real_now=real)
        limits.forget(session, before=real - LIMITS_KEPT)
        sessions.forget(session, at=real)
        accounts.forget_invitations(session, before=real - INVITATIONS_KEPT)
    while not stopping() and _forget_lines(services, before=calendar - LINES_KEPT):
        continue


def _forget_lines(services: Services, *, before: datetime) -> int:
    with services.database.transaction() as session:
        return imports.forget_lines(session, before=before)


def _destroy_old_keys(services: Services, _stopping: Stopping) -> None:
    services.ip_keys.destroy_old(services.clocks.real())
