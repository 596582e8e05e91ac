"""Once a pause is acknowledged no hand-off in its scope starts (I12), whoever is sending meanwhile."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from crm.audit import chain
from crm.delivery.models import Message, MessageState
from crm.delivery.ports import Envelope, NotSent, NotSentReason, Outcome
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.services import Services
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish
from crm.workflows.sending.dispatch import PostRoom, dispatch
from tests.conftest import NOW, FakeClock
from tests.deep import size
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

ROUNDS = {"sqlite": size(60, 400), "postgresql": size(40, 400)}
PEOPLE = 16
LIMIT = 5
"""Messages in a claim."""

WORKERS = 2


@dataclass
class BusyProvider:
    """Notes when each hand-off starts, on the machine's monotonic clock; takes nothing, so all stays due."""

    started: list[tuple[float, str]] = field(default_factory=list)

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        for one in batch:
            self.started.append((time.monotonic(), one.public_id))
            time.sleep(0.0005)  # how far away it is
        return [NotSent(NotSentReason.DEFERRED) for _ in batch]

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class Workers:
    """Threads that send for as long as the test runs."""

    room: PostRoom
    rounds: list[int] = field(default_factory=lambda: [0] * WORKERS)
    faults: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, number: int) -> None:
        while not self.stop.is_set():
            try:
                dispatch(self.room, limit=LIMIT)
            except Exception as fault:  # noqa: BLE001 - shown by the test
                self.faults.append(fault)
                return
            self.rounds[number] += 1

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.work, args=(number,)) for number in range(WORKERS)]
        for one in threads:
            one.start()
        try:
            yield
        finally:
            self.stop.set()
            for one in threads:
                one.join()
        assert self.faults == []

    def wait_for_two_looks(self) -> None:
        """Until everybody who was at work at this moment has come back twice."""
        seen = list(self.rounds)
        while any(now < was + 2 for now, was in zip(self.rounds, seen, strict=True)) and not self.faults:
            time.sleep(0.001)


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    outreach = Outreach(services)
    outreach.enrol(outreach.people(PEOPLE), outreach.sequence(mail()))
    clock.now = NOW.replace(hour=15, minute=50)
    assert outreach.plan().queued == PEOPLE
    return outreach


def _refill(outreach: Outreach) -> None:
    """Everything is due again, as if nobody had tried."""
    with outreach.services.database.transaction() as session:
        session.execute(
            update(Message)
            .where(Message.state.in_((MessageState.DUE, MessageState.REJECTED)))
            .values(state=MessageState.DUE, due_at=outreach.now - timedelta(hours=1), attempt=0)
        )


def test_after_the_acknowledgement_no_hand_off_in_the_scope_starts(
    outreach: Outreach, database_kind: str
) -> None:
    provider = BusyProvider()
    workers = Workers(replace(outreach.room, mailer=provider))
    first = outreach.messages()[0]
    assert first.enrolment_id
    scopes = [
        EVERYTHING,
        Scope(Reach.MAILBOX, first.mailbox_id),
        Scope(Reach.SEQUENCE, outreach.enrolments()[0].sequence_id),
        Scope(Reach.ENROLMENT, first.enrolment_id),
    ]
    chance, final, handed = random.Random(12), 0, 0  # noqa: S311 - when to pause
    rounds = ROUNDS[database_kind]
    wish = Wish(chain.OWNER, outreach.now)
    with workers.at_work():
        for turn in range(rounds):
            scope = scopes[turn % len(scopes)]
            time.sleep(chance.random() * 0.02)
            answer = pauses.pause(outreach.services.pause_desk, scope, wish)
            acknowledged = time.monotonic()
            workers.wait_for_two_looks()
            late = {
                name
                for at, name in list(provider.started)
                if at > acknowledged and (scope.reach is not Reach.ENROLMENT or name == first.public_id)
            }
            assert late <= set(answer.leaving), f"round {turn}, {scope}"
            final += answer.is_final
            handed += len(provider.started)
            provider.started.clear()
            with outreach.services.database.transaction() as session:
                pauses.resume(session, scope, wish)
            _refill(outreach)
    assert handed > rounds  # else nobody was sending
    assert final > rounds // 2  # else nothing was promised
