"""Inbound mail by itself: a no counts within a second of its arrival, a mailbox that is shut is noticed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from crm.adapters.imap import ImapInbox
from crm.adapters.imap_kept import Limits
from crm.kernel.clock import Clocks, monotonic, real_clock
from crm.operations import heartbeat
from crm.privacy.models import Refusal
from crm.replies.models import InboundMail
from crm.replies.ports import Stopping
from crm.scheduler.inbox_job import InboxJob
from crm.services import Services
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryInbox
from tests.outreach import Outreach
from tests.servers import dovecot, tls
from tests.servers.dovecot import Dovecot
from tests.servers.imap import ImapServer, reset

pytestmark = [pytest.mark.enable_socket, pytest.mark.both_databases, pytest.mark.xdist_group("dovecot")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    with dovecot.server(tls.make(tmp_path_factory.mktemp("tls"))) as server:
        yield server


@contextmanager
def running(services: Services) -> Iterator[None]:
    """The job, as the timetable runs it."""
    stop = threading.Event()
    job = InboxJob()

    def work() -> None:
        while not stop.is_set():
            job(services, stop.is_set)
            stop.wait(0.1)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
        services.inbox.close()
        assert not thread.is_alive()


def count(services: Services, table: type[InboundMail] | type[Refusal]) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def until(services: Services, table: type[InboundMail] | type[Refusal], number: int) -> float:
    end = monotonic() + 20
    while count(services, table) < number and monotonic() < end:
        threading.Event().wait(0.02)
    assert count(services, table) == number
    return monotonic()


def test_a_no_by_mail_counts_within_a_second_of_its_arrival(services: Services, server: Dovecot) -> None:
    """A busy machine has three tries."""
    server.empty()
    services = replace(
        services, inbox=ImapInbox(server.open_place), clocks=Clocks(calendar=lambda: NOW, real=real_clock)
    )
    people = ["anna", "bram", "carla"]
    for name in people:
        Outreach(services).person(f"{name}@{name}.example")
    with running(services):
        server.append(b"From: x@elsewhere.example\r\nSubject: first\r\n\r\nDag\r\n")
        until(services, InboundMail, 1)
        assert any(refused_after(services, server, name, nth) < 1 for nth, name in enumerate(people, 1))


def refused_after(services: Services, server: Dovecot, name: str, nth: int) -> float:
    """Seconds from the arrival of somebody's no to the refusal in the register."""
    threading.Event().wait(1)  # until it idles again
    client = server.client()
    mail = f"From: {name}@{name}.example\r\nSubject: Re:\r\n\r\nHaal me van de lijst.\r\n"
    client.append("INBOX", mail.encode())
    came = monotonic()
    client.logout()
    return until(services, Refusal, nth) - came


def test_a_mailbox_that_is_shut_is_noticed_and_forgotten_when_it_opens(
    services: Services, clock: FakeClock
) -> None:
    def silent() -> bool:
        with services.database.transaction() as session:
            heartbeat.beat(session, heartbeat.SCHEDULER, at=clock.now)
            return heartbeat.silent_since(session, at=clock.now) is not None

    with ImapServer({"greeting": reset}) as server:
        place = replace(dovecot.place_at(server.port), password="plain")
        services = replace(
            services, inbox=ImapInbox(place, limits=Limits(opening=1, back_off=0.01, longest=0.01))
        )
        InboxJob()(services, lambda: True)
        assert not silent()
        clock.advance(timedelta(minutes=16))
        InboxJob()(services, lambda: True)
        assert silent()
        server.faults.clear()
        threading.Event().wait(0.05)
        InboxJob()(services, lambda: True)
        assert not silent()
        services.inbox.close()


def test_a_mailbox_that_calls_for_nothing_does_not_keep_the_job_running(services: Services) -> None:
    class Crier(MemoryInbox):
        calls = 0

        def wait(self, _seconds: float, _stopping: Stopping) -> bool:
            self.calls += 1
            return self.calls < 1_000

    inbox = Crier()
    InboxJob()(replace(services, inbox=inbox), lambda: False)
    assert inbox.calls == 1


def test_an_inbox_that_is_read_is_not_silent(services: Services, clock: FakeClock) -> None:
    assert isinstance(services.inbox, MemoryInbox)
    services.inbox.deliver(b"From: anna@winkel.example\r\n\r\nDag\r\n")
    InboxJob()(services, lambda: False)
    assert count(services, InboundMail) == 1
    with services.database.reading() as session:
        assert heartbeat.last_beat(session, heartbeat.INBOX) == NOW
