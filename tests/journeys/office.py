"""An installation with everything real about it but the calendar, which the test moves.

Adapters are the program's own, as its settings choose them. Around it stand an SMTP server, a name server and
the image service's stand-in, on loopback; pages are served over HTTP.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Select, select
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from crm.bootstrap.home import make_home, read_home
from crm.bootstrap.wiring import INBOX, build_services, settings_from
from crm.delivery.models import Mailbox
from crm.kernel.clock import Clocks, monotonic, real_clock
from crm.kernel.db import Base
from crm.operations import heartbeat
from crm.scheduler.jobs import Job, timetable
from crm.services import Services
from crm.web.app import create_app
from crm.web.pixel import make_pixel
from crm.workflows.house.open_house import first_link
from tests.conftest import FakeClock
from tests.journeys.visitor import Page, Visitor

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Row = TypeVar("Row", bound=Base)

MONDAY = datetime(2099, 3, 2, 8, 0, tzinfo=UTC)
"""A Monday, nine o'clock in Amsterdam, and far enough off that no sign-up code is ever out of date."""

PASSWORD = "an afternoon with three geese"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Who asked for what belongs in no log."""


@contextmanager
def served() -> Iterator[BaseWSGIServer]:
    """A server on loopback that has its address before it has its program."""

    def nothing_yet(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        start_response("503 Service Unavailable", [])
        return []

    server = make_server("127.0.0.1", 0, nothing_yet, threaded=True, request_handler=_Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined] # of the threaded kind
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


def wait_for(what: Callable[[], bool], *, seconds: float = 20.0) -> None:
    """Look again and again until it is so."""
    pause, deadline = threading.Event(), monotonic() + seconds
    while not what():
        assert monotonic() < deadline, "waited in vain"
        pause.wait(0.02)


@dataclass
class Office:
    """One installation."""

    services: Services
    clock: FakeClock
    url: str
    jobs: tuple[Job, ...] = field(default_factory=lambda: timetable(1.0))

    def tick(self) -> None:
        """Everything the scheduler does, once."""
        for job in self.jobs:
            job.work(self.services, lambda: False)
        with self.services.database.transaction() as session:
            heartbeat.beat(session, heartbeat.SCHEDULER, at=real_clock())

    def pass_time(self, time: timedelta, *, step: timedelta = timedelta(hours=1)) -> None:
        """Let the calendar run, with the scheduler at work."""
        until = self.clock.now + time
        while self.clock.now < until:
            self.clock.advance(min(step, until - self.clock.now))
            self.tick()

    def pass_time_until(
        self,
        what: Callable[[], bool],
        *,
        step: timedelta = timedelta(hours=1),
        at_most: timedelta = timedelta(days=14),
    ) -> None:
        """Let the calendar run until something is so."""
        last = self.clock.now + at_most
        self.tick()
        while not what():
            assert self.clock.now < last, "waited in vain"
            self.pass_time(step, step=step)

    def visitor(self, **headers: str) -> Visitor:
        return Visitor(self.url, headers)

    def rows(self, query: Select[Row]) -> list[Row]:
        with self.services.database.reading() as session:
            return list(session.scalars(query))

    def all(self, model: type[Row]) -> list[Row]:
        return self.rows(select(model))

    @property
    def inbox(self) -> Path:
        return self.services.settings.var / INBOX

    def claim(self, name: str = "Noor Visser") -> Visitor:
        """The first colleague comes in, by the link that the start of the program prints."""
        with self.services.database.transaction() as session:
            link = first_link(session, self.url, at=real_clock())
        assert link is not None
        return claim(self.visitor(), link, name=name)


def claim(visitor: Visitor, link: str, *, name: str) -> Visitor:
    """Make an account with a link."""
    page = visitor.get(link)
    email = f"{name.split(maxsplit=1)[0].lower()}@produfoto.example"
    done = visitor.submit(page, "/claim/", name=name, email=email, password=PASSWORD)
    assert visitor.follow(done).status == 200
    return visitor


def bring_in(visitor: Visitor, content: bytes, **choices: str) -> Page:
    """Import a file by the pages: upload, say what holds for it, start. Returns the running import's page."""
    page = visitor.follow(visitor.upload(visitor.get("/imports"), "/imports$", "prospects.csv", content))
    looked = visitor.submit(page, f"{page.url.rpartition('/')[2]}$", act="look", **choices)
    assert looked.status == 200, looked.words
    return visitor.follow(visitor.submit(looked, f"{page.url.rpartition('/')[2]}$", act="start"))


@contextmanager
def open_office(
    var: Path, database_url: str, server: BaseWSGIServer, more: Mapping[str, str] | None = None
) -> Iterator[Office]:
    """Settings and keys as the program makes them; then the program itself behind the server."""
    url = f"http://127.0.0.1:{server.port}"
    make_home(var)
    env = {**read_home(var), "CRM_DATABASE_URL": database_url, "CRM_BASE_URL": url, **(more or {})}
    clock = FakeClock(MONDAY)
    built = build_services(settings_from(env))
    services = replace(built, clocks=Clocks(calendar=clock, real=real_clock))
    pixel = make_pixel(create_app(services), services)
    server.app = pixel
    with services.database.transaction() as session:
        session.add(
            Mailbox(
                address="sanne@outreach.produfoto.example",
                display_name="Sanne van Produfoto",
                sender_name="Sanne de Wit",
                gap_seconds=0,  # the calendar leaps here: whatever is due leaves at once
                jitter_seconds=0,
            )
        )
    try:
        yield Office(services, clock, url)
    finally:
        pixel.writer.close()
        services.mailer.close()
        services.database.dispose()
