"""Somebody over whom the planner fails is asked about, and holds up no other (decision 0009)."""

import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery import outbox
from crm.delivery.models import MessageState
from crm.delivery.ports import BATCH_LIMIT
from crm.queries.pages.alarms import standing
from crm.queries.pages.open_tasks import waiting
from crm.sequences import pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.holding import resume as resume_module
from crm.workflows.holding import resume_due as resume_due_module
from crm.workflows.holding.resume import resume
from crm.workflows.planning import plan_steps
from crm.workflows.planning.write_letter import write_letter
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

Patch = pytest.MonkeyPatch


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def due(outreach: Outreach, clock: FakeClock, number: int) -> list[int]:
    """People whose first mail is due; their enrolments."""
    who = outreach.people(number)
    found = outreach.enrol(who, outreach.sequence(mail()))
    clock.now = max(one.due_at for one in found if one.due_at)
    return [one.id for one in outreach.enrolments()]


def rotten(patch: Patch, is_rotten: Callable[[int], bool], error: Exception | None = None) -> None:
    """No letter can be written to some prospects."""

    def write(desk: Any, draft: Any, loaded: Any, decision: Any) -> Any:
        if is_rotten(loaded.recipient.id):
            raise error or KeyError("rotten")
        return write_letter(desk, draft, loaded, decision)

    patch.setattr(plan_steps, "write_letter", write)


def asked(outreach: Outreach) -> list[int | None]:
    with outreach.services.database.reading() as session:
        query = select(Task.enrolment_id).where(waiting(), Task.title.contains("more than once"))
        return list(session.scalars(query.order_by(Task.enrolment_id)))


def alarmed(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return [one.kind for one in standing(session)]


def held(outreach: Outreach) -> list[tuple[int, StopReason | None, str]]:
    return [
        (one.id, one.stop_reason, one.stop_detail)
        for one in outreach.enrolments()
        if one.state is EnrolmentState.PAUSED
    ]


def answered(outreach: Outreach, enrolment_id: int) -> None:
    with outreach.services.database.transaction() as session:
        assert resume(session, [enrolment_id], now=outreach.now) == 1


def test_one_person_over_whom_the_planner_fails_is_asked_about_and_holds_up_no_other(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch, caplog: pytest.LogCaptureFixture
) -> None:
    ids = due(outreach, clock, 4)
    bad = outreach.enrolments()[1]
    rotten(monkeypatch, lambda one: one == bad.prospect_id)
    with caplog.at_level(logging.ERROR):
        planned = outreach.plan()
    assert (planned.seen, planned.queued, planned.paused) == (4, 3, 1)
    assert {one.enrolment_id for one in outreach.messages()} == set(ids) - {bad.id}
    assert held(outreach) == [(bad.id, StopReason.IN_DOUBT, "crashes raised KeyError")]
    assert (asked(outreach), alarmed(outreach)) == ([bad.id], [])
    assert any(one.exc_info for one in caplog.records)
    assert outreach.plan().seen == 0


def test_an_answer_lets_it_go_on_once_the_error_is_gone(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    due(outreach, clock, 2)
    bad = outreach.enrolments()[1]
    rotten(monkeypatch, lambda one: one == bad.prospect_id)
    outreach.plan()
    monkeypatch.undo()
    assert outreach.plan().seen == 0  # nobody has answered
    answered(outreach, bad.id)
    clock.advance(timedelta(minutes=15))
    assert outreach.plan().queued == 1
    assert outreach.states() == [MessageState.DUE] * 2


def test_a_fault_in_writing_it_down_is_found_the_same_way(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    ids = due(outreach, clock, 3)
    queue = outbox.queue_all

    def fails(session: Session, messages: Any, **more: Any) -> int:
        if any(one.enrolment_id == ids[0] for one in messages):
            raise ValueError("rotten")
        return queue(session, messages, **more)

    monkeypatch.setattr(outbox, "queue_all", fails)
    assert outreach.plan().queued == 2
    assert [id_ for id_, *_ in held(outreach)] == ids[:1]


def test_a_fault_over_everybody_pauses_nobody_and_is_an_alarm_until_it_is_over(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    due(outreach, clock, BATCH_LIMIT + 1)
    rotten(monkeypatch, lambda _: True)
    for _ in range(2):
        with pytest.raises(KeyError):
            outreach.plan()
    assert (held(outreach), asked(outreach), alarmed(outreach)) == ([], [], ["planner"])
    monkeypatch.undo()
    assert outreach.plan().queued == BATCH_LIMIT + 1
    assert alarmed(outreach) == []


def test_so_is_one_that_few_meet_at_a_time(outreach: Outreach, clock: FakeClock, monkeypatch: Patch) -> None:
    """Those who come up later are asked for comparison, and nothing of that is kept."""
    due(outreach, clock, 1)
    outreach.enrol(outreach.people(BATCH_LIMIT), outreach.sequence(mail(3)))
    rotten(monkeypatch, lambda _: True)
    with pytest.raises(KeyError):
        outreach.plan()
    assert (held(outreach), alarmed(outreach)) == ([], ["planner"])
    assert outreach.states() == []


def test_many_are_to_blame_where_somebody_elses_mail_can_be_made(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    ids = due(outreach, clock, BATCH_LIMIT + 1)
    [later] = outreach.people(1)
    outreach.enrol(later, outreach.sequence(mail(3)))
    rotten(monkeypatch, lambda one: one != later)
    assert outreach.plan().paused == BATCH_LIMIT + 1
    assert asked(outreach) == ids
    assert (outreach.states(), alarmed(outreach)) == ([], [])


def test_a_database_that_is_away_is_nobodys_fault(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    due(outreach, clock, 2)
    bad = outreach.enrolments()[1].prospect_id
    rotten(monkeypatch, lambda one: one == bad, OperationalError("", None, Exception()))
    with pytest.raises(OperationalError):
        outreach.plan()
    assert (held(outreach), asked(outreach)) == ([], [])


# --- pauses that end by themselves


def snoozed(outreach: Outreach, clock: FakeClock, number: int) -> list[int]:
    """People whose pause is over; their enrolments."""
    ids = due(outreach, clock, number)
    with outreach.services.database.transaction() as session:
        pauses.hold(
            session, ids, StopReason.SNOOZED, at=outreach.now, resumes_at=outreach.now + timedelta(hours=1)
        )
    clock.advance(timedelta(hours=1))
    return ids


def cannot_end(patch: Patch, ids: Collection[int]) -> None:
    moment_after = resume_module.moment_after

    def fails(found: Any, *rest: Any) -> Any:
        if found.id in ids:
            raise KeyError("rotten")
        return moment_after(found, *rest)

    patch.setattr(resume_module, "moment_after", fails)


def states(outreach: Outreach) -> list[EnrolmentState]:
    return [one.state for one in outreach.enrolments()]


def test_a_pause_that_cannot_end_is_asked_about_and_holds_up_no_other(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    ids = snoozed(outreach, clock, 3)
    cannot_end(monkeypatch, ids[1:2])
    outreach.plan()
    running, paused = EnrolmentState.RUNNING, EnrolmentState.PAUSED
    assert states(outreach) == [running, paused, running]
    assert held(outreach) == [(ids[1], StopReason.IN_DOUBT, "crashes raised KeyError")]
    assert asked(outreach) == [ids[1]]
    monkeypatch.undo()
    answered(outreach, ids[1])
    assert states(outreach) == [running] * 3


def test_where_no_pause_can_end_an_alarm_stands_and_nobody_is_asked_about(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    ids = snoozed(outreach, clock, BATCH_LIMIT + 1)
    cannot_end(monkeypatch, ids)
    outreach.plan()
    assert {reason for _, reason, _ in held(outreach)} == {StopReason.SNOOZED}
    assert (asked(outreach), alarmed(outreach)) == ([], ["planner"])
    monkeypatch.undo()
    outreach.plan()
    clock.now = max(one.next_due_at for one in outreach.enrolments() if one.next_due_at)
    outreach.plan()
    assert (held(outreach), alarmed(outreach)) == ([], [])


def test_whoever_was_stopped_meanwhile_is_not_asked_about(
    outreach: Outreach, clock: FakeClock, monkeypatch: Patch
) -> None:
    ids = snoozed(outreach, clock, 2)
    cannot_end(monkeypatch, ids[:1])
    ask = resume_due_module._ask  # noqa: SLF001 - between the look and the lock

    def late(session: Session, errors: Any, now: Any) -> None:
        row = session.get(Enrolment, ids[0])
        assert row
        row.state, row.stop_reason, row.resumes_at = EnrolmentState.STOPPED, StopReason.REFUSED, None
        session.flush()
        ask(session, errors, now)

    monkeypatch.setattr(resume_due_module, "_ask", late)
    outreach.plan()
    assert (states(outreach)[0], asked(outreach)) == (EnrolmentState.STOPPED, [])
