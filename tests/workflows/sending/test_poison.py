"""A message that makes workers crash is laid aside, and takes no other along."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from crm.conversations.models import Task
from crm.delivery.crashes import MOST_DEATHS
from crm.delivery.models import MessageState as State
from crm.delivery.ports import BATCH_LIMIT, NotSent, NotSentReason
from crm.kernel.mail import MailKind
from crm.operations import alarms
from crm.queries.pages.alarms import standing
from crm.sequences.models import EnrolmentState, StopReason
from crm.services import Services
from crm.workflows.holding.resume import resume
from crm.workflows.sending import ask_again
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.dispatch import dispatch
from crm.workflows.sending.judge import judge
from crm.workflows.sending.reap import reap
from tests.conftest import FakeClock
from tests.outreach import Outreach
from tests.workflows.sending.test_dispatch import answer, manual, planned, sent

pytestmark = pytest.mark.both_databases

LEASE = timedelta(seconds=61)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


def people(outreach: Outreach, number: int) -> list[int]:
    return [outreach.person(f"info@winkel{one}.example") for one in range(number)]


def die(outreach: Outreach, clock: FakeClock) -> list[int]:
    """A worker claims and is never heard of again; the messages it had."""
    now, real = outreach.now, outreach.services.clocks.real()
    batch = claim_batch(outreach.services.database, outreach.services.settings, now=now, real_now=real)
    clock.advance(LEASE)
    reap(outreach.services.database, outreach.services.clocks)
    return list(batch.ids)


def poison(monkeypatch: pytest.MonkeyPatch, is_poison: Callable[[Any], bool]) -> None:
    """The gate cannot be asked about some messages."""

    def rotten(session: Any, found: Sequence[Any], *rest: Any) -> Any:
        if any(is_poison(one) for one in found):
            raise KeyError("rotten")
        return judge(session, found, *rest)

    monkeypatch.setattr(ask_again, "judge", rotten)


def asked(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return list(session.scalars(select(Task.title).where(Task.done_at.is_(None))))


# --- errors, which name their message


def test_an_error_over_one_message_holds_up_no_other(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = planned(outreach, clock, *people(outreach, 3))
    bad = outreach.prospect(who[1]).address
    poison(monkeypatch, lambda one: one.recipient == bad)
    assert outreach.dispatch().sent == 2
    assert bad not in sent(outreach)


def test_what_left_before_an_error_is_known_to_have_left(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their outcomes are written down with the mark on the next ten, and that is what fails."""
    who = planned(outreach, clock, *people(outreach, BATCH_LIMIT + 2))
    bad = outreach.prospect(who[-1]).address
    poison(monkeypatch, lambda one: one.recipient == bad)
    outreach.dispatch()
    assert outreach.states().count(State.SENT) == BATCH_LIMIT + 1
    assert outreach.states().count(State.DUE) == 1


def test_after_two_errors_a_message_is_laid_aside_with_its_traceback(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    [who] = planned(outreach, clock)
    poison(monkeypatch, lambda _: True)
    with caplog.at_level(logging.ERROR):
        outreach.dispatch()
        assert (outreach.messages()[0].state, asked(outreach)) == (State.DUE, [])
        assert outreach.dispatch().claimed == 0
        clock.advance(timedelta(minutes=5))
        outreach.dispatch()
    [row] = outreach.enrolments()
    assert (row.state, row.stop_reason) == (EnrolmentState.PAUSED, StopReason.IN_DOUBT)
    assert row.stop_detail == "crashes raised KeyError"
    assert [title for title in asked(outreach) if "more than once" in title]
    assert any(one.exc_info for one in caplog.records)
    monkeypatch.undo()
    with outreach.services.database.transaction() as session:
        resume(session, [row.id], now=clock.now)
    clock.advance(timedelta(minutes=15))
    outreach.plan()
    clock.advance(timedelta(minutes=15))
    assert outreach.dispatch().sent == 1
    assert sent(outreach) == [outreach.prospect(who).address]


def test_mail_of_no_sequence_is_withheld(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    manual(outreach, outreach.person(), MailKind.REPLY)
    poison(monkeypatch, lambda _: True)
    outreach.dispatch()
    clock.advance(timedelta(minutes=5))
    outreach.dispatch()
    [row] = outreach.messages()
    assert (row.state, row.outcome) == (State.WITHHELD, "crashes raised KeyError")
    assert len(asked(outreach)) == 1


def shown(outreach: Outreach) -> list[tuple[str, str]]:
    with outreach.services.database.reading() as session:
        return [(one.kind, one.detail["mail"]) for one in alarms.standing(session)]


def test_mail_to_nobody_we_know_is_shown_on_today(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer about their data, of somebody erased meanwhile: no page of theirs could ask."""
    manual(outreach, outreach.person(), MailKind.RIGHTS, prospect_id=None)
    poison(monkeypatch, lambda _: True)
    outreach.dispatch()
    assert shown(outreach) == []
    clock.advance(timedelta(minutes=5))
    outreach.dispatch()
    assert outreach.states() == [State.WITHHELD]
    assert (shown(outreach), asked(outreach)) == ([("laid_aside", "rights")], [])


def test_so_is_one_that_workers_die_over(outreach: Outreach, clock: FakeClock) -> None:
    manual(outreach, outreach.person(), MailKind.RIGHTS, prospect_id=None)
    while die(outreach, clock):
        pass
    assert outreach.states() == [State.WITHHELD]
    assert shown(outreach) == [("laid_aside", "rights")]


def ticks(outreach: Outreach, clock: FakeClock, number: int) -> None:
    """As the scheduler runs them: a fault is logged, and the next one begins."""
    for _ in range(number):
        with suppress(KeyError):
            outreach.dispatch()
        clock.advance(timedelta(minutes=5, seconds=1))


def alarmed(outreach: Outreach) -> list[str]:
    with outreach.services.database.reading() as session:
        return [one.kind for one in standing(session)]


def test_a_handful_that_is_poisonous_alone_is_laid_aside_as_well(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(outreach, clock, *people(outreach, 2))
    poison(monkeypatch, lambda _: True)
    ticks(outreach, clock, 4)
    assert [one.stop_detail for one in outreach.enrolments()] == ["crashes raised KeyError"] * 2
    assert len([title for title in asked(outreach) if "more than once" in title]) == 2
    assert alarmed(outreach) == []


def test_a_poisonous_handful_does_not_hold_up_who_comes_after_it(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(outreach, clock, *people(outreach, BATCH_LIMIT + 1))
    last = max(outreach.messages(), key=lambda one: (one.due_at, one.id)).recipient
    poison(monkeypatch, lambda one: one.recipient != last)
    assert outreach.dispatch().sent == 1
    assert sent(outreach) == [last]
    ticks(outreach, clock, BATCH_LIMIT + 1)
    assert len([title for title in asked(outreach) if "more than once" in title]) == BATCH_LIMIT
    assert alarmed(outreach) == []


def test_an_error_over_more_than_a_handful_is_ours_and_lays_none_aside(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(outreach, clock, *people(outreach, BATCH_LIMIT + 1))
    poison(monkeypatch, lambda _: True)
    with pytest.raises(KeyError):
        outreach.dispatch()
    ticks(outreach, clock, 3)
    assert {(one.state, one.outcome) for one in outreach.messages()} == {(State.DUE, "")}
    assert (asked(outreach), alarmed(outreach)) == ([], ["gate"])
    monkeypatch.undo()
    assert outreach.dispatch().sent == BATCH_LIMIT + 1
    assert alarmed(outreach) == []


def test_an_error_over_one_claim_after_the_other_is_ours_too(
    outreach: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a mailbox lets one leave at a time, no claim holds more."""
    planned(outreach, clock, *people(outreach, BATCH_LIMIT + 2))
    poison(monkeypatch, lambda _: True)
    for _ in range(BATCH_LIMIT + 2):
        dispatch(outreach.room, limit=1)
        clock.advance(timedelta(seconds=1))
    ticks(outreach, clock, 3)
    assert (asked(outreach), alarmed(outreach)) == ([], ["gate"])
    assert outreach.states() == [State.DUE] * (BATCH_LIMIT + 2)


# --- deaths, which name nobody


def test_whoever_was_in_a_dead_workers_hand_is_claimed_alone(outreach: Outreach, clock: FakeClock) -> None:
    planned(outreach, clock, *people(outreach, 3))
    assert len(die(outreach, clock)) == 3
    assert [outreach.dispatch().claimed for _ in range(4)] == [1, 1, 1, 0]
    assert len(sent(outreach)) == 3


def test_deaths_alone_lay_aside_the_message_that_causes_them_and_no_other(
    outreach: Outreach, clock: FakeClock
) -> None:
    planned(outreach, clock, *people(outreach, 3))
    die(outreach, clock)
    [alone] = {one for _ in range(MOST_DEATHS) for one in die(outreach, clock)}
    assert [outreach.dispatch().sent for _ in range(3)] == [1, 1, 0]
    paused = [one for one in outreach.enrolments() if one.state is EnrolmentState.PAUSED]
    assert [one.stop_detail for one in paused] == ["crashes"]
    assert alone not in {one.id for one in outreach.messages()}
    assert len([title for title in asked(outreach) if "more than once" in title]) == 1


def test_a_message_that_got_past_the_gate_begins_anew(outreach: Outreach, clock: FakeClock) -> None:
    """A delay at the provider is no crash, and one death after it is the first."""
    planned(outreach, clock)
    die(outreach, clock)
    answer(outreach, NotSent(NotSentReason.THROTTLED))
    assert outreach.dispatch().again == 1
    clock.advance(timedelta(hours=1))
    assert len(die(outreach, clock)) == 1
    assert outreach.messages()[0].state is State.DUE
