"""Jobs and doors killed halfway: what they left is done once by whoever comes after (I23, P24, P30)."""

import json
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from crm.audit.models import AuditEntry
from crm.delivery.event_models import EventState
from crm.delivery.models import Message
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted
from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel import webhooks
from crm.operations.models import Alarm
from crm.privacy.models import Erasure, Refusal
from crm.prospects.models import Prospect
from crm.replies.models import InboundMail
from crm.sequences import pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as SequenceRow
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.crash.forks import Ended, Forks
from tests.crash.operations import OPERATIONS, Trial
from tests.crash.perform import environment
from tests.imports import count
from tests.outreach import Outreach, mail
from tests.servers.events import event
from tests.workflows.holding import test_guard
from tests.workflows.reports.reported import handed_over

pytestmark = [pytest.mark.both_databases, pytest.mark.timeout(120)]


@dataclass
class Stand:
    """Does an act in a process of its own."""

    forks: Forks
    services: Services
    clock: FakeClock

    def do(self, act: str, *, fault: str = "", given: bytes = b"", **env: str) -> Ended:
        told = {**environment(self.services, self.clock.now), **env}
        ended = self.forks.run("tests.crash.perform", act, env=told, fault=fault, given=given)
        assert ended.status == (-signal.SIGKILL if fault else 0), f"{fault}: {ended.err[-2000:]}"
        return ended

    def post(self, path: str, raw: bytes, headers: Mapping[str, str], *, fault: str = "") -> str:
        """The status it answered, or empty: it died."""
        told = {"POST_PATH": path, "POST_HEADERS": json.dumps(dict(headers))}
        return self.do("post", fault=fault, given=raw, **told).out.strip()


@pytest.fixture
def stand(forks: Forks, services: Services, clock: FakeClock) -> Stand:
    return Stand(forks, services, clock)


@pytest.mark.parametrize(
    ("point", "kept"), [("hook.after_verify", 0), ("hook.before_commit", 0), ("hook.before_answer", 1)]
)
def test_a_report_of_the_image_service_is_kept_or_sent_again(stand: Stand, point: str, kept: int) -> None:
    trial = Trial(stand.services, stand.clock)
    OPERATIONS["callback"].ready(trial)
    with stand.services.database.reading() as session:
        name = session.scalars(select(Lead.public_id)).one()
    raw = json.dumps({"type": "signed_up", "lead_id": name, "occurred_at": "2026-03-02T08:00:00Z"}).encode()
    secrets = stand.services.settings.keys.image_service
    signed = webhooks.signed_headers(secrets, "report_1", raw, now=stand.clock.now)
    assert stand.post("/hooks/image-service", raw, signed, fault=f"{point}=kill") == ""
    assert count(stand.services.database, LeadReport) == kept
    assert stand.post("/hooks/image-service", raw, signed) == "200"
    assert count(stand.services.database, LeadReport) == 1
    with stand.services.database.reading() as session:
        assert session.scalars(select(Lead.state)).one() is LeadState.SIGNED_UP


@pytest.mark.parametrize(("point", "kept"), [("hook.after_verify", 0), ("hook.before_answer", 1)])
def test_a_posted_mail_is_kept_or_posted_again(stand: Stand, point: str, kept: int) -> None:
    raw = b"From: <ann@winkel.example>\r\nTo: <a@b.example>\r\nMessage-ID: <1@x.example>\r\n\r\nHallo\r\n"
    secrets = stand.services.settings.keys.inbound_hook
    signed = webhooks.signed_headers(secrets, "inbound_1", raw, now=stand.clock.now)
    assert stand.post("/hooks/inbound", raw, signed, fault=f"{point}=kill") == ""
    assert count(stand.services.database, InboundMail) == kept
    assert stand.post("/hooks/inbound", raw, signed) == "200"
    assert count(stand.services.database, InboundMail) == 1


def test_a_parked_event_is_applied_once(stand: Stand) -> None:
    case = handed_over(stand.services, stand.clock, answer=Accepted(None))
    name = case.name
    with stand.services.database.transaction() as session:
        session.execute(update(Message).values(public_id="q" * 26))
    case.keep(event("bounce", name, at=case.outreach.now, type="bounce", status="5.1.1"))
    assert case.apply().parked == 1
    with stand.services.database.transaction() as session:
        session.execute(update(Message).values(public_id=name))
    stand.do("apply_events", fault="events.park=kill")
    assert [one.state for one in case.events()] == [EventState.PARKED]
    assert case.message.state is State.SENT
    stand.do("apply_events")
    assert [one.state for one in case.events()] == [EventState.APPLIED]
    assert (case.message.state, case.enrolment.stop_reason) == (State.BOUNCED, StopReason.BOUNCED)


def test_a_sequence_is_stopped_with_its_alarm_or_not_at_all(stand: Stand) -> None:
    outreach = Outreach(stand.services)
    sequence = outreach.sequence(mail())
    test_guard.fault(outreach, test_guard.history(outreach, sequence, sent=60)[:9], State.BOUNCED)

    def stopped() -> tuple[bool, int]:
        with stand.services.database.reading() as session:
            row = session.get_one(SequenceRow, sequence)
            return row.paused_at is not None, len(session.scalars(select(Alarm.id)).all())

    stand.do("guard", fault="guard.before_commit=kill")
    assert stopped() == (False, 0)
    stand.do("guard")
    stand.do("guard")
    assert stopped() == (True, 1)


def test_a_pause_that_is_over_ends_once(stand: Stand) -> None:
    outreach = Outreach(stand.services)
    outreach.enrol(outreach.person(), outreach.sequence(mail()))
    [one] = outreach.enrolments()
    with stand.services.database.transaction() as session:
        until = stand.clock.now + timedelta(hours=1)
        pauses.pause(session, [one.id], StopReason.SNOOZED, at=stand.clock.now, resumes_at=until)
    stand.clock.now = NOW.replace(hour=12)
    stand.do("plan", fault="resume.before_commit=kill")
    assert outreach.enrolments()[0].state is EnrolmentState.PAUSED
    stand.do("plan")
    stand.do("plan")
    [one] = outreach.enrolments()
    assert (one.state, one.held_due_at, one.resumes_at) == (EnrolmentState.RUNNING, None, None)
    assert len(outreach.messages()) <= 1


def test_a_copy_that_nobody_got_is_not_on_record(stand: Stand) -> None:
    handed_over(stand.services, stand.clock)

    def copies() -> int:
        with stand.services.database.reading() as session:
            made = select(AuditEntry.id).where(AuditEntry.action == "export.person")
            return len(session.scalars(made).all())

    assert stand.do("export", fault="export.mid=kill").out == ""
    assert copies() == 0
    copy = json.loads(stand.do("export").out)
    assert {table["name"] for table in copy["tables"]} >= {"prospects", "messages"}
    assert copies() == 1


@pytest.mark.parametrize(
    "point", ["erase.begun", "erase.after_files", "erase.mid_tables", "erase.after_rows"]
)
def test_whose_time_is_over_is_forgotten_by_the_next_who_comes(stand: Stand, point: str) -> None:
    outreach = Outreach(stand.services)
    outreach.enrol(outreach.person(), outreach.sequence(mail()))
    stand.clock.now = NOW.replace(year=NOW.year + 1)
    stand.do("retire_people", fault=f"{point}=kill")
    [begun] = _erasures(stand.services)
    assert begun.finished_at is None
    with stand.services.database.reading() as session:
        assert session.scalars(select(Enrolment.state)).all() in ([], [EnrolmentState.STOPPED])
    stand.do("finish_erasures")
    [done] = _erasures(stand.services)
    assert done.finished_at is not None
    assert count(stand.services.database, Prospect) == 0
    assert count(stand.services.database, Refusal) == 0


def _erasures(services: Services) -> list[Erasure]:
    with services.database.reading() as session:
        return list(session.scalars(select(Erasure)))
