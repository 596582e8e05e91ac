"""The program as it is delivered: granian and wsgi.py, a scheduler, real logs, a fast calendar."""

import email
import email.policy
import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crm.bootstrap import launch, parts
from crm.bootstrap.wiring import INBOX, SENT
from crm.kernel.clock import Anchor, real_clock, write_anchor
from crm.kernel.db import Base
from crm.services import Services
from crm.workflows.house.open_house import first_link, first_mailbox
from tests.journeys.office import MONDAY, claim
from tests.journeys.post import Arrived
from tests.journeys.visitor import Visitor

AN_HOUR_A_SECOND = 3600.0
V4 = [f"192.0.2.{number}" for number in (1, 7, 44, 129, 200, 254)]
V6 = ["2001:db8::1", "2001:db8:0:1::44", "2001:db8:ffff:2:3:4:5:6"]
PLACES = [*V4, *V6]
"""Where visitors come from, as our proxy says; documentation ranges (RFC 5737, RFC 3849)."""

AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Thunderbird/140.3.0"


@dataclass
class Running:
    """The program's processes, and how to visit it from many places."""

    services: Services
    url: str
    parts: list[parts.Part]
    _places: "itertools.cycle[str]" = field(default_factory=lambda: itertools.cycle(PLACES))

    @property
    def var(self) -> Path:
        return self.services.settings.var

    @property
    def inbox(self) -> Path:
        return self.var / INBOX

    def visitor(self, **headers: str) -> Visitor:
        """Somebody behind our proxy, whose place stands in every header that ever names one."""
        place, forged = next(self._places), next(self._places)
        bracketed = f'"[{place}]:4711"' if ":" in place else place
        named = {
            "X-Forwarded-For": f"{forged}, {place}",
            "Forwarded": f"for={bracketed};proto=https",
            "X-Real-IP": place,
            "CF-Connecting-IP": place,
            "True-Client-IP": place,
        }
        return Visitor(self.url, {"User-Agent": AGENT, **named, **headers})

    def claim(self) -> Visitor:
        with self.services.database.transaction() as session:
            first_mailbox(session, self.services.settings)
            link = first_link(session, self.url, at=real_clock())
        assert link is not None
        return claim(self.visitor(), link, name="Noor Visser")

    def mails_to(self, recipient: str) -> list[Arrived]:
        """What lies in the Maildir for somebody, oldest first."""
        folder = self.var / SENT / "new"
        files = sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime_ns) if folder.exists() else []
        wires = [file.read_bytes() for file in files]
        heads = [email.message_from_bytes(wire, policy=email.policy.default) for wire in wires]
        return [
            Arrived("", recipient, wire)
            for wire, head in zip(wires, heads, strict=True)
            if str(head["To"]) == recipient
        ]

    def rows(self, *models: type[Base]) -> dict[str, list[tuple[Any, ...]]]:
        """Everything in some tables."""
        with self.services.database.reading() as session:
            return {
                model.__tablename__: sorted(
                    (tuple(row) for row in session.execute(select(model.__table__))), key=repr
                )
                for model in models
            }

    def stop(self) -> None:
        parts.stop(self.parts)


@contextmanager
def program(var: Path, port: int, more: Mapping[str, str]) -> Iterator[Running]:
    """Start it as `./scripts/run` does, behind a proxy on this machine."""
    settings = {"CRM_TRUSTED_PROXIES": "127.0.0.1", **more}
    env, services = launch.prepare(var, port, more=settings)
    write_anchor(var / "clock.json", Anchor(real_clock(), MONDAY, AN_HOUR_A_SECOND))
    running = Running(services, f"http://127.0.0.1:{port}", parts.start(env, port))
    try:
        parts.wait_until_open(port, running.parts, seconds=90)
        yield running
    finally:
        running.stop()
        services.mailer.close()
        services.database.dispose()
