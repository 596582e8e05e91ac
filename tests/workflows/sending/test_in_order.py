"""Enrolments before messages: who has a message in hand never waits for whoever has its enrolment.

A planner holds enrolments, and the unique key of messages makes it wait for everybody who has changed one of
its steps and not committed yet. So each of these waits before it touches a message, or does not wait at all.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Select, select, update

from crm.conversations.models import NoteKind
from crm.delivery.models import Message
from crm.delivery.models import MessageState as State
from crm.delivery.ports import Accepted, Envelope, Outcome
from crm.prospects.editing import CompanyChanges, ProspectChanges
from crm.prospects.models import Prospect, Status
from crm.sequences import enrolments, pauses
from crm.sequences.models import Enrolment, StopReason
from crm.services import Services
from crm.staff.models import Role
from crm.workflows.desk.log_note import Said, log_note
from crm.workflows.holding.resume import resume
from crm.workflows.people.change_status import change_status
from crm.workflows.people.edit_prospect import edit_company, edit_prospect
from crm.workflows.planning.unplan import unplan
from crm.workflows.sending import dispatch as dispatching
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.dispatch import dispatch, send_handful
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain
from tests.conftest import NOW, FakeClock
from tests.outreach import mail
from tests.postgres import SESSIONS_WAITING
from tests.web.staff.conftest import account
from tests.workflows.reports.reported import Case, handed_over, says

pytestmark = pytest.mark.on_postgresql

ENROLMENTS = select(Enrolment.id).with_for_update(key_share=True)
FREE = select(Message.id).with_for_update(skip_locked=True)
PEOPLE = select(Prospect.id).with_for_update(key_share=True, skip_locked=True)


@pytest.fixture
def case(services: Services, clock: FakeClock) -> Case:
    """Ann's first mail is with the provider, and the second one is about to leave."""
    case = handed_over(services, clock, answer=Accepted("first"))
    [enrolment] = case.outreach.enrolments()
    assert enrolment.next_due_at
    clock.now = enrolment.next_due_at
    case.outreach.plan()
    assert case.outreach.states() == [State.SENT, State.DUE]
    return case


def _mark(case: Case) -> None:
    dispatch(case.outreach.room)


def _mark_what_may_not_leave(case: Case) -> None:
    with case.services.database.transaction() as session:
        session.execute(update(Prospect).values(restricted_at=case.outreach.now))
    dispatch(case.outreach.room)


def _hear(case: Case) -> None:
    case.keep(says(case, "bounce", type="bounce", status="5.1.1"))
    case.apply()


def _unplan(case: Case) -> None:
    with case.services.database.transaction() as session:
        unplan(session, prospect_ids=[case.enrolment.prospect_id], at=NOW)


def _resume(case: Case) -> None:
    with case.services.database.transaction() as session:
        resume(session, [case.enrolment.id], now=case.outreach.now)


def _stop_by_hand(case: Case) -> None:
    with case.services.database.transaction() as session:
        enrolments.stop(session, [case.enrolment.id], StopReason.BY_STAFF, at=case.outreach.now)


def _edit(case: Case) -> None:
    person, services = case.outreach.prospect(case.enrolment.prospect_id), case.services
    with services.database.transaction() as session:
        edit_prospect(
            session, person.id, ProspectChanges(name="Anna"), version=person.version,
            ring=services.settings.keys.addresses, journal=services.journal, by=1, now=case.outreach.now,
        )  # fmt: skip


def _edit_the_company(case: Case) -> None:
    with case.services.database.transaction() as session:
        changes = CompanyChanges(country="DE")
        edit_company(session, 1, changes, version=1, by=1, now=case.outreach.now)


def _meet(case: Case) -> None:
    sanne = account(case.services, Role.SALES)
    with case.services.database.transaction() as session:
        change_status(session, case.enrolment.prospect_id, Status.MEETING, by=sanne, at=case.outreach.now)


def _note_a_meeting(case: Case) -> None:
    sanne = account(case.services, Role.SALES)
    said = Said(NoteKind.MEETING, "Dinsdag om tien uur")
    with case.services.database.transaction() as session:
        log_note(session, case.enrolment.prospect_id, said, by=sanne, now=case.outreach.now)


def _waits(case: Case) -> bool:
    # A transaction each: PostgreSQL shows one transaction the same activity for ever.
    with case.services.database.reading() as looking:
        return bool(looking.scalar(SESSIONS_WAITING))


def waits_first(
    case: Case, way: Callable[[Case], object], *, messages: int, held: Select[Any] = ENROLMENTS
) -> None:
    """`way` waits for the enrolment that we hold; it has neither a message nor the person in hand by then.

    Whoever writes an outcome down holds the enrolment, and notes it of the person.
    """
    failed: list[BaseException] = []
    people = len(case.outreach.enrolments())

    def run() -> None:
        try:
            way(case)
        except BaseException as error:  # noqa: BLE001 - told by the test
            failed.append(error)

    with case.services.database.transaction() as planner:
        planner.execute(held).all()
        other = threading.Thread(target=run)
        other.start()
        deadline = monotonic() + 10
        while not _waits(case):
            assert monotonic() < deadline, "it does not wait for the enrolment"
            sleep(0.01)
        with case.services.database.reading() as looking:
            assert len(looking.scalars(FREE).all()) == messages
            assert len(looking.scalars(PEOPLE).all()) == people
    other.join(10)
    assert (other.is_alive(), failed) == (False, [])


@pytest.mark.parametrize(
    "way",
    [
        _mark,
        _mark_what_may_not_leave,
        _hear,
        _unplan,
        _resume,
        _edit,
        _edit_the_company,
        _meet,
        _note_a_meeting,
    ],
    ids=lambda way: way.__name__.strip("_"),
)
def test_the_enrolment_comes_first(case: Case, way: Callable[[Case], object]) -> None:
    if way is _resume:
        with case.services.database.transaction() as session:
            pauses.pause(session, [case.enrolment.id], StopReason.SNOOZED, at=case.outreach.now)
    waits_first(case, way, messages=2)


def test_it_does_when_a_person_decides_a_doubt(services: Services, clock: FakeClock) -> None:
    case = handed_over(services, clock)
    ring = services.settings.keys.addresses

    def decide(_: Case) -> None:
        with services.database.transaction() as session:
            resolve_uncertain(session, case.message.id, Verdict.COUNT_AS_SENT, by=1, now=clock.now, ring=ring)

    waits_first(case, decide, messages=1)
    assert case.enrolment.position == 2


@dataclass
class SlowMailer:
    """Takes everything once it is told to go on; until then a message is leaving."""

    begun: threading.Event
    go_on: threading.Event

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        self.begun.set()
        assert self.go_on.wait(10)
        return [Accepted(None) for _ in batch]

    def close(self) -> None:
        """Nothing to give back."""


def test_it_does_when_the_outcome_of_a_hand_over_is_written_down(case: Case) -> None:
    mailer = SlowMailer(threading.Event(), threading.Event())
    room = replace(case.outreach.room, mailer=mailer)
    services, now = case.services, case.outreach.now
    batch = claim_batch(services.database, services.settings, now=now, real_now=now)
    worker = threading.Thread(target=lambda: send_handful(room, batch, batch.ids))
    worker.start()
    assert mailer.begun.wait(10)

    def come_back(_: Case) -> None:
        mailer.go_on.set()
        worker.join(10)

    waits_first(case, come_back, messages=2)
    assert case.outreach.states() == [State.SENT, State.SENT]


def test_it_does_when_outcomes_are_written_down_with_the_next_mark(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BATCH_LIMIT", 1)
    outreach = case.outreach
    outreach.enrol(outreach.person("bob@kiosk.example"), outreach.sequence(mail()))
    with case.services.database.transaction() as session:
        session.execute(update(Enrolment).where(Enrolment.position == 1).values(next_due_at=outreach.now))
    outreach.plan()
    assert outreach.states() == [State.SENT, State.DUE, State.DUE]
    mailer = SlowMailer(threading.Event(), threading.Event())
    worker = threading.Thread(target=lambda: dispatch(replace(outreach.room, mailer=mailer)))
    worker.start()
    assert mailer.begun.wait(10)

    def go_on(_: Case) -> None:
        mailer.go_on.set()
        worker.join(10)

    [leaving] = [one.enrolment_id for one in outreach.messages() if one.state is State.SENDING]
    waits_first(case, go_on, messages=3, held=ENROLMENTS.where(Enrolment.id == leaving))
    assert outreach.states() == [State.SENT] * 3


def test_a_claim_puts_off_only_those_whose_enrolment_is_free(case: Case, clock: FakeClock) -> None:
    """It holds the messages already, so it does not wait: the next one puts them off."""
    services = case.services
    clock.now = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)  # six in the evening there
    assert clock.now > NOW

    def claim() -> tuple[int, int]:
        batch = claim_batch(services.database, services.settings, now=clock.now, real_now=clock.now)
        return len(batch.ids), batch.moved

    with services.database.transaction() as planner:
        planner.execute(ENROLMENTS).all()
        assert claim() == (0, 0)
    assert case.outreach.states() == [State.SENT, State.DUE]
    assert claim() == (0, 1)
    assert case.outreach.states() == [State.SENT]
