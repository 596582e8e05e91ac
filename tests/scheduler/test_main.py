"""The timetable, run for real for a moment."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import update

from crm.kernel.clock import Clocks, monotonic, real_clock
from crm.operations import heartbeat
from crm.scheduler import main
from crm.scheduler.jobs import Job, timetable
from crm.scheduler.main import STUCK_AFTER, Pulse, guarded, run
from crm.sequences.models import Enrolment
from crm.services import Services
from tests.conftest import NOW
from tests.fakes import MemoryMailer
from tests.outreach import Outreach


@pytest.fixture
def running(services: Services) -> Services:
    """The calendar stands at noon of a Monday, the real clock runs."""
    return replace(services, clocks=Clocks(calendar=lambda: NOW.replace(hour=12), real=real_clock))


def run_until(services: Services, done: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Run a scheduler until something has happened; it must stop by itself then."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(services, stop))
    thread.start()
    deadline = monotonic() + seconds
    while not done() and monotonic() < deadline:
        stop.wait(0.05)
    stop.set()
    thread.join(seconds)
    assert not thread.is_alive()


def test_what_is_due_is_planned_and_sent_by_itself(running: Services) -> None:
    outreach = Outreach(running)
    outreach.enrol(outreach.person(), outreach.sequence())
    with running.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=NOW.replace(hour=12)))
    mailer = running.mailer
    assert isinstance(mailer, MemoryMailer)
    run_until(running, lambda: len(mailer.sent) == 1)
    assert len(mailer.sent) == 1


def test_a_running_scheduler_shows_life(running: Services) -> None:
    def alive() -> bool:
        with running.database.reading() as session:
            return heartbeat.is_alive(session, heartbeat.SCHEDULER, at=running.clocks.real())

    assert not alive()
    run_until(running, alive)
    assert alive()


def test_a_job_that_fails_takes_no_other_one_with_it_and_is_run_again(
    running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def fail(_services: Services, _stopping: object) -> None:
        ran.append("bad")
        raise RuntimeError

    jobs = (
        Job("bad", 0.05, fail),
        Job("good", 0.05, lambda _services, _stopping: ran.append("good")),
    )
    monkeypatch.setattr(main, "timetable", lambda _speed: jobs)
    run_until(running, lambda: ran.count("bad") > 1 and ran.count("good") > 1)
    assert {"bad", "good"} == set(ran)


def test_a_stop_lets_the_job_in_hand_finish(running: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, finished = threading.Event(), threading.Event()

    def slow(_services: Services, stopping: Callable[[], bool]) -> None:
        begun.set()
        while not stopping():
            threading.Event().wait(0.01)
        finished.set()

    monkeypatch.setattr(main, "timetable", lambda _speed: (Job("slow", 1.0, slow),))
    run_until(running, begun.is_set)
    assert finished.is_set()


def test_a_job_is_not_begun_after_the_stop(running: Services) -> None:
    ran: list[int] = []
    job = Job("late", 1.0, lambda _services, _stopping: ran.append(1))
    guarded(job, running, lambda: True, Pulse())()
    assert ran == []


def test_a_scheduler_that_no_longer_sends_shows_no_life(
    running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse = Pulse()
    later = monotonic() + STUCK_AFTER + 1
    monkeypatch.setattr(main, "monotonic", lambda: later)
    pulse.beat(running, lambda: False)
    with running.database.reading() as session:
        assert heartbeat.last_beat(session, heartbeat.SCHEDULER) is None


def test_the_demo_plans_more_often_than_once_a_minute() -> None:
    every = {
        speed: next(job.every for job in timetable(speed) if job.name == "plan") for speed in (1.0, 600.0)
    }
    assert every == {1.0: 60.0, 600.0: 1.0}


def test_every_job_has_a_name_of_its_own() -> None:
    names = [job.name for job in timetable(1.0)]
    assert len(set(names)) == len(names)
