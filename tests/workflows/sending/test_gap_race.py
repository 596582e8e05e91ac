"""Several worker processes: the provider's own notes say that every mailbox kept its pace (I06)."""

import multiprocessing
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from crm.delivery.models import Mailbox, Message
from crm.delivery.ports import Accepted, Envelope, Outcome
from crm.kernel.clock import Clocks, real_clock
from crm.kernel.db import Database
from crm.kernel.settings import Settings
from crm.services import Services
from crm.workflows.sending.dispatch import PostRoom, dispatch
from tests.conftest import FakeClock
from tests.outreach import Outreach, mail

pytestmark = pytest.mark.both_databases

TEN = timedelta(minutes=10)
MORNING = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
SPEED = 1_200.0  # ten minutes are half a second
WORKERS, MAILBOXES, PEOPLE, CAP, LAST_CALL = 3, 2, 14, 8, 60.0


@dataclass(frozen=True)
class NotingProvider:
    """Takes everything; notes when each hand-over starts and for whom, one line on the disk."""

    notes: Path

    def send(self, batch: Sequence[Envelope]) -> list[Outcome]:
        for one in batch:
            line = f"{time.monotonic()} {one.public_id}\n".encode()
            handle = os.open(self.notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(handle, line)
            os.close(handle)
        return [Accepted(None) for _ in batch]

    def close(self) -> None:
        """Nothing to give back."""

    def read(self) -> list[tuple[float, str]]:
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [(float(at), name) for at, name in (line.split() for line in lines)]


def send_until(settings: Settings, provider: NotingProvider, started: float, until: float) -> None:
    """A worker process."""

    def calendar() -> datetime:
        return MORNING + timedelta(seconds=(time.monotonic() - started) * SPEED)

    database = Database(settings.database_url)
    room = PostRoom(database, settings, Clocks(calendar, real_clock, SPEED), provider)
    while time.monotonic() < until and len(provider.read()) < MAILBOXES * CAP:
        dispatch(room)
    for _ in range(5):  # what is too much would leave now
        dispatch(room)
    database.dispose()


@pytest.fixture
def outreach(services: Services, clock: FakeClock) -> Outreach:
    """Mailboxes in which more is due at once than a day takes."""
    outreach = Outreach(services)
    for _ in range(MAILBOXES):
        clock.now = MORNING.replace(hour=7)
        box = outreach.mailbox(gap=TEN, jitter=timedelta(minutes=5))
        outreach.enrol(outreach.people(PEOPLE), outreach.sequence(mail(), mailbox=box))
        clock.now = MORNING.replace(hour=15, minute=55)
        assert outreach.plan().queued == PEOPLE
    with services.database.transaction() as session:
        session.execute(update(Message).values(due_at=MORNING))
        session.execute(update(Mailbox).values(daily_cap=CAP))
    return outreach


def test_every_mailbox_keeps_its_gap_and_its_cap_with_three_workers(
    outreach: Outreach, tmp_path: Path
) -> None:
    provider, started = NotingProvider(tmp_path / "notes"), time.monotonic()
    box_of = {one.public_id: one.mailbox_id for one in outreach.messages()}
    outreach.services.database.dispose()
    several = multiprocessing.get_context("fork")
    known = (outreach.services.settings, provider, started, started + LAST_CALL)
    workers = [several.Process(target=send_until, args=known) for _ in range(WORKERS)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert [one.exitcode for one in workers] == [0] * WORKERS
    notes = sorted(provider.read())
    for box in set(box_of.values()):
        moments = [at for at, name in notes if box_of[name] == box]
        assert len(moments) == CAP
        waits = [timedelta(seconds=(after - before) * SPEED) for before, after in pairwise(moments)]
        assert min(waits) >= TEN
    assert len({name for _, name in notes}) == len(notes)
