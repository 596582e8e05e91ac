"""An installation of which some processes are killed, and what is outside: a mail provider, an image service.

The provider is an SMTP server of the test's, whose list of what it took is its log. The image service keeps
what it was given in a folder, so that every process meets the same one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path

from sqlalchemy import text

from crm.adapters.smtp import SmtpMailer
from crm.adapters.smtp_session import Relay, TlsMode
from crm.handoff.ports import Acknowledged, Conflict, HandOver
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.scheduler.jobs import timetable
from crm.services import Services
from tests import world
from tests.conftest import NOW, FakeClock
from tests.crash.forks import Ended, Forks
from tests.outreach import Outreach, mail
from tests.servers.smtp import SmtpServer

JOBS = {job.name: job.work for job in timetable(1.0)}
DAILY = ("dispatch", "plan", "dispatch", "hand_off", "apply_events", "run_imports", "finish_erasures")
NOON = NOW.replace(hour=12)


@dataclass
class KeptImageService:
    """One file a lead; a second body under the same name is a conflict."""

    folder: Path

    def hand_over(self, lead_id: str, body: bytes) -> HandOver:
        self.folder.mkdir(exist_ok=True)
        try:
            with (self.folder / lead_id).open("xb") as file:
                file.write(body)
        except FileExistsError:
            if (self.folder / lead_id).read_bytes() != body:
                return Conflict("other_body")
        point("hand_off.after_response")
        return Acknowledged(f"remote-{lead_id}"[:64])


def services_at(var: Path, url: str, smtp: int, clock: FakeClock) -> Services:
    """What every process of it has; port 0: nobody takes mail."""
    services = world.services(world.settings(var, url), Database(url), Clocks(calendar=clock, real=clock))
    mailer = SmtpMailer(Relay("127.0.0.1", smtp or 1, TlsMode.NONE))
    return replace(services, mailer=mailer, image_service=KeptImageService(var / "remote"))


@dataclass
class Installation:
    """As the test has it: the same database and folder, and everybody's clock."""

    forks: Forks
    provider: SmtpServer
    services: Services
    clock: FakeClock
    outreach: Outreach

    @classmethod
    def at(cls, var: Path, url: str, forks: Forks, provider: SmtpServer) -> "Installation":
        clock = FakeClock()
        services = services_at(var, url, provider.port, clock)
        return cls(forks, provider, services, clock, Outreach(services))

    @property
    def told(self) -> Mapping[str, str]:
        """What a process has to know."""
        settings = self.services.settings
        return {
            "CRM_VAR": str(settings.var), "CRM_DATABASE_URL": settings.database_url,
            "CRASH_NOW": self.clock.now.isoformat(), "CRASH_SMTP": str(self.provider.port),
        }  # fmt: skip

    def due(self, people: int) -> None:
        """So many have a first mail that leaves now, and another three working days later."""
        ids = self.outreach.people(people)
        self.outreach.enrol(ids, self.outreach.sequence(mail(), mail(3, "")))
        self.clock.now = NOON
        with self.services.database.transaction() as session:
            session.execute(text("UPDATE enrolments SET next_due_at = :now"), {"now": _stored(NOON)})
        self.outreach.plan()

    def work(self, *jobs: str, fault: str = "") -> Ended:
        """Let a worker do these in a process of its own."""
        return self.forks.run("tests.crash.actor", *jobs, env=self.told, fault=fault)

    def live(self, days: int = 10) -> None:
        """Everything the scheduler does, on every one of so many days."""
        self.clock.advance(timedelta(seconds=70))
        for _ in range(days):
            self._do(DAILY)
            self.clock.advance(timedelta(days=1))

    def _do(self, jobs: tuple[str, ...]) -> None:
        for name in jobs:
            JOBS[name](self.services, lambda: False)

    def states(self) -> list[str]:
        """Of first mails."""
        return self.all(
            "SELECT m.state FROM messages m JOIN steps s ON s.id = m.step_id WHERE s.position = 1"
        )

    def all(self, query: str) -> list[str]:
        with self.services.database.reading() as session:
            return [str(one) for one in session.execute(text(query)).scalars()]

    def slots(self) -> tuple[int, int]:
        """Of all days' caps: those that are used, and the messages that hold one."""
        used = self.all("SELECT coalesce(sum(used), 0) FROM mailbox_days")
        held = self.all("SELECT count(*) FROM messages WHERE cap_day IS NOT NULL")
        return int(used[0]), int(held[0])

    def taken(self) -> tuple[int, int]:
        """First mails and later ones that the provider took; no message twice, no step twice to anybody."""
        heads = [(one.recipient, BytesHeaderParser().parsebytes(one.wire)) for one in self.provider.taken]
        names = Counter(str(head["Message-ID"]) for _, head in heads)
        assert max(names.values(), default=0) <= 1, "a message left twice"
        kinds = Counter((to, head["In-Reply-To"] is None) for to, head in heads)
        assert max(kinds.values(), default=0) <= 1, "a step left twice"
        firsts = sum(is_first for _, is_first in kinds)
        return firsts, len(kinds) - firsts

    def close(self) -> None:
        self.services.mailer.close()
        self.services.database.dispose()


def _stored(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
