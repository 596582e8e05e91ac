"""Two workers with mail to one company: whoever marks second sees what the first one marked (I01, B16)."""

import threading
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import update

from crm.delivery.models import Message
from crm.delivery.models import MessageState as State
from crm.kernel import faults
from crm.services import Services
from crm.workflows.sending import dispatch
from crm.workflows.sending.ask_again import ask_again
from crm.workflows.sending.claim import claim_batch
from crm.workflows.sending.judge import Leaving
from tests.conftest import FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach
from tests.postgres import SESSIONS_WAITING
from tests.workflows.sending.test_budgets import colleagues, limit
from tests.workflows.sending.test_budgets import write as by_hand

pytestmark = pytest.mark.on_postgresql


class TwoWorkers:
    """The newer of two messages is judged and its mark not committed yet when the older one is claimed."""

    def __init__(self, outreach: Outreach, clock: FakeClock) -> None:
        self.outreach, self.clock = outreach, clock
        self._judged, self._go_on = threading.Event(), threading.Event()
        self._failed: list[BaseException] = []

    def run(self) -> None:
        outreach, clock = self.outreach, self.clock
        older, _ = (one.id for one in outreach.messages())
        with outreach.services.database.transaction() as session:
            later = clock.now + timedelta(seconds=1)
            session.execute(update(Message).where(Message.id == older).values(due_at=later))
        with faults.watched(self._stall):
            first = self._start("first")
            assert self._judged.wait(10)
            clock.advance(timedelta(seconds=1))
            second = self._start("second")
            self._until_it_waits_or_is_done(second)
            self._go_on.set()
            for one in (first, second):
                one.join(10)
                assert not one.is_alive()
        assert self._failed == []

    def _start(self, name: str) -> threading.Thread:
        thread = threading.Thread(target=self._work, name=name)
        thread.start()
        return thread

    def _work(self) -> None:
        services, now = self.outreach.services, self.outreach.now
        try:
            batch = claim_batch(services.database, services.settings, now=now, real_now=now)
            assert len(batch.ids) == 1
            dispatch.send_handful(self.outreach.room, batch, batch.ids)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self._failed.append(error)

    def _stall(self, name: str) -> None:
        if name == "gate.after_read" and threading.current_thread().name == "first":
            self._judged.set()
            assert self._go_on.wait(30)

    def _until_it_waits_or_is_done(self, second: threading.Thread) -> None:
        deadline = monotonic() + 10
        while second.is_alive():
            with self.outreach.services.database.reading() as looking:
                if looking.scalar(SESSIONS_WAITING):
                    return
            assert monotonic() < deadline
            sleep(0.01)


@pytest.fixture
def outreach(services: Services) -> Outreach:
    return Outreach(services)


@pytest.fixture(params=[False, True], ids=["at once", "one by one"])
def stumbles(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time, the handful as a whole cannot be judged: each is judged by itself then."""
    if not request.param:
        return
    stumbled: set[str] = set()

    def stumbling(*args: Any, **more: Any) -> list[Leaving]:
        name = threading.current_thread().name
        if name not in stumbled:
            stumbled.add(name)
            raise ValueError(name)
        return ask_again(*args, **more)

    monkeypatch.setattr(dispatch, "ask_again", stumbling)


def sent(outreach: Outreach) -> int:
    mailer = outreach.services.mailer
    assert isinstance(mailer, MemoryMailer)
    return len(mailer.sent)


@pytest.mark.usefixtures("stumbles")
def test_of_two_mails_to_one_person_one_leaves_though_its_mark_takes_long(
    outreach: Outreach, clock: FakeClock
) -> None:
    who = outreach.person()
    for _ in range(2):
        by_hand(outreach, who)
    TwoWorkers(outreach, clock).run()
    assert outreach.states() == [State.DUE, State.SENT]
    assert sent(outreach) == 1


def test_so_does_the_last_mail_that_a_company_gets(outreach: Outreach, clock: FakeClock) -> None:
    """Whether the other one waits or stays for good depends on whether the outcome is known by then."""
    limit(outreach, "unanswered_a_company", 1)
    for who in colleagues(outreach):
        by_hand(outreach, who)
    TwoWorkers(outreach, clock).run()
    older, newer = outreach.states()
    assert (older in {State.DUE, State.WITHHELD}, newer) == (True, State.SENT)
    assert sent(outreach) == 1
