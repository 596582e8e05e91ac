"""The main operations, each on a small world that is ready for it, and what is there afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import text, update

from crm.audit.chain import Actor
from crm.delivery.event_ports import Report, Reported, SignedPost
from crm.delivery.ports import Uncertain
from crm.handoff.models import LeadState
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.queries.sending.leaving import EVERYTHING
from crm.scheduler.jobs import timetable
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.staff.models import Role, Staff
from crm.workflows.holding import pause
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.leads.report_lead import Report as LeadReport
from crm.workflows.leads.report_lead import report_lead
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.reports.keep_events import keep_post
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryInbox, MemoryMailer
from tests.imports import DEFAULTS, received, sheet
from tests.outreach import Outreach

ANNA = "anna@winkel.example"
NOOR = 1
JOBS = {job.name: job.work for job in timetable(1.0)}


@dataclass
class Trial:
    """One world."""

    services: Services
    clock: FakeClock
    outreach: Outreach = field(init=False)

    def __post_init__(self) -> None:
        self.outreach = Outreach(self.services)

    @property
    def mailer(self) -> MemoryMailer:
        assert isinstance(self.services.mailer, MemoryMailer)
        return self.services.mailer

    def job(self, name: str) -> None:
        JOBS[name](self.services, lambda: False)

    def one(self, query: str) -> Any:
        with self.services.database.reading() as session:
            return session.execute(text(query)).scalars().first()


class Operation(NamedTuple):
    """Make ready, and do."""

    ready: Callable[[Trial], object]
    do: Callable[[Trial], object]


def _people(trial: Trial) -> None:
    with trial.services.database.transaction() as session:
        session.add(
            Staff(
                id=NOOR, name="Noor", email="n@p.example", password_hash="x", role=Role.ADMIN, created_at=NOW
            )
        )
    trial.outreach.person(ANNA)
    trial.outreach.person()


def _enrolled(trial: Trial) -> None:
    _people(trial)
    trial.outreach.enrol([1, 2], trial.outreach.sequence())
    trial.clock.now = NOW.replace(hour=12)
    with trial.services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=trial.clock.now))


def _planned(trial: Trial) -> None:
    _enrolled(trial)
    trial.outreach.plan()


def _sent(trial: Trial) -> None:
    _planned(trial)
    trial.outreach.dispatch()


def _doubtful(trial: Trial) -> None:
    _planned(trial)
    trial.mailer.answer = Uncertain("timed_out")
    trial.outreach.dispatch()
    trial.mailer.answer = None


def _said_yes(trial: Trial) -> None:
    _sent(trial)
    _convert(trial)


def _handed_over(trial: Trial) -> None:
    _said_yes(trial)
    trial.job("hand_off")


def _with_a_sequence(trial: Trial) -> None:
    _people(trial)
    trial.outreach.sequence()


def _uploaded(trial: Trial) -> None:
    _people(trial)
    rows = [f"p{number}@shop{number}.example;P{number};Shop {number} BV;NL;Buyer" for number in range(6)]
    received(trial.services.intake, sheet(*rows, f"{ANNA};Anna;Winkel;NL;Inkoper"), DEFAULTS)


def _answered(trial: Trial) -> None:
    _sent(trial)
    name = trial.one("SELECT public_id FROM messages WHERE recipient = 'anna@winkel.example'")
    to = trial.services.links.reply_address(name)
    head = f"From: <{ANNA}>\r\nTo: <{to}>\r\nSubject: Re\r\nMessage-ID: <a1@x.example>\r\n"
    raw = f"{head}\r\nHaal me van de lijst.\r\n"
    inbox = trial.services.inbox
    assert isinstance(inbox, MemoryInbox)
    inbox.deliver(raw.encode())


def _reported(trial: Trial) -> None:
    _sent(trial)
    name = trial.one("SELECT public_id FROM messages WHERE recipient = 'anna@winkel.example'")
    reported = [
        Reported(
            report=kind,
            word=kind.value,
            reference=name,
            happened_at=trial.clock.now,
            says=f"{kind}",
            event_id=kind,
        )
        for kind in (Report.DELIVERED, Report.OPEN, Report.SPAM_REPORT, Report.PROCESSED)
    ]
    ring = trial.services.settings.keys.addresses
    keep_post(
        trial.services.database,
        ring,
        SignedPost("0" * 64, reported),
        now=trial.clock.now,
        real_now=trial.clock.now,
    )


def _mailbox(trial: Trial) -> Mailbox:
    return Mailbox(register.keys_of(trial.services.settings.keys.addresses, EmailAddress.parse(ANNA)))


def _refuse(trial: Trial) -> None:
    wish = Wish(
        scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=trial.clock.now
    )
    refuse(trial.services.refusal_desk(patience=0), _mailbox(trial), wish)


def _erase(trial: Trial) -> None:
    shelves = Shelves(trial.services.settings.var, None)
    erase(
        trial.services.refusal_desk(patience=0), shelves, _mailbox(trial), channel="page", at=trial.clock.now
    )


def _convert(trial: Trial) -> None:
    services = trial.services
    how = Converting(
        ring=services.settings.keys.addresses,
        links=services.links,
        now=trial.clock.now,
        real_now=trial.clock.now,
    )
    with services.database.transaction() as session:
        convert(session, 1, how, by=Actor.staff(NOOR))


def _report(trial: Trial) -> None:
    name = trial.one("SELECT public_id FROM leads")
    with trial.services.database.transaction() as session:
        report_lead(session, "report_1", LeadReport(name, LeadState.SIGNED_UP, NOW), at=trial.clock.now)


def _resolve(trial: Trial) -> None:
    doubtful = trial.one("SELECT id FROM messages WHERE state = 'uncertain' ORDER BY id")
    if doubtful is None:
        return
    ring = trial.services.settings.keys.addresses
    with trial.services.database.transaction() as session:
        resolve_uncertain(session, doubtful, Verdict.COUNT_AS_SENT, by=NOOR, now=trial.clock.now, ring=ring)


def _pause(trial: Trial) -> None:
    desk = pause.Desk(trial.services.database, trial.services.clocks.real, patience=0)
    pause.pause(desk, EVERYTHING, pause.Wish(by=Actor.staff(NOOR), at=trial.clock.now))


def _enrol(trial: Trial) -> None:
    trial.outreach.enrol([1, 2], 1)


def _lease_over(trial: Trial) -> None:
    _planned(trial)
    with trial.services.database.transaction() as session:
        session.execute(text("UPDATE messages SET state = 'sending', claim_id = 'x' WHERE id = 1"))
        session.execute(
            text("UPDATE messages SET lease_until = :then WHERE id = 1"),
            {"then": (trial.clock.now - timedelta(seconds=1)).replace(tzinfo=None)},
        )


def by_job(name: str) -> Callable[[Trial], object]:
    return lambda trial: trial.job(name)


OPERATIONS = {
    "import": Operation(_uploaded, by_job("run_imports")),
    "enrol": Operation(_with_a_sequence, _enrol),
    "plan": Operation(_enrolled, by_job("plan")),
    "dispatch": Operation(_planned, by_job("dispatch")),
    "reap": Operation(_lease_over, by_job("dispatch")),
    "reply": Operation(_answered, by_job("read_inbox")),
    "events": Operation(_reported, by_job("apply_events")),
    "refuse": Operation(_planned, _refuse),
    "erase": Operation(_sent, _erase),
    "convert": Operation(_sent, _convert),
    "hand_off": Operation(_said_yes, by_job("hand_off")),
    "callback": Operation(_handed_over, _report),
    "resolve": Operation(_doubtful, _resolve),
    "pause": Operation(_planned, _pause),
}
