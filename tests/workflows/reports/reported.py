"""A message of which nobody knows whether it left, and a provider that has things to say about it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.adapters.sendgrid_events import read_events
from crm.delivery import events as rows
from crm.delivery.event_models import ProviderEvent
from crm.delivery.event_ports import SignedPost
from crm.delivery.models import Message
from crm.delivery.ports import Accepted, Outcome, Uncertain
from crm.permission.models import Contact
from crm.privacy.models import Refusal
from crm.sequences.models import Enrolment
from crm.services import Services
from crm.tracking.models import Opening
from crm.workflows.reports.apply_events import AppliedCount, apply, apply_events, apply_parked
from crm.workflows.reports.keep_events import Kept, keep_post, new_event
from tests.conftest import NOW, FakeClock
from tests.fakes import MemoryMailer
from tests.outreach import Outreach, mail
from tests.servers.events import Event, body_of, event

ANN = "ann@winkel.example"
DOUBT = Uncertain("timed_out")


@dataclass
class Case:
    """One message, handed over."""

    outreach: Outreach
    posts: int = 0

    @property
    def services(self) -> Services:
        return self.outreach.services

    @property
    def message(self) -> Message:
        return self.outreach.messages()[0]

    @property
    def name(self) -> str:
        return self.message.public_id

    @property
    def enrolment(self) -> Enrolment:
        return self.outreach.enrolments()[0]

    def keep(self, *events: Event) -> Kept:
        self.posts += 1
        read = read_events(body_of(events), now=self.outreach.now)
        post = SignedPost(f"{self.posts:064d}", read)
        now = self.outreach.now
        ring = self.services.settings.keys.addresses
        return keep_post(self.services.database, ring, post, now=now, real_now=now)

    def apply(self) -> AppliedCount:
        return apply_events(self.services.refusal_desk(patience=0), now=self.outreach.now)

    def apply_parked(self) -> int:
        return apply_parked(self.services.refusal_desk(patience=0), now=self.outreach.now)

    def hear(self, *events: Event) -> None:
        self.keep(*events)
        self.apply()

    def hear_inside(self, session: Session, *events: Event) -> None:
        """The same in a transaction of the test's."""
        now = self.outreach.now
        read = read_events(body_of(events), now=now)
        ring = self.services.settings.keys.addresses
        rows.keep(session, [new_event(ring, one) for one in read], at=now)
        desk = self.services.refusal_desk(patience=0)
        while waiting := rows.received(session, most=200):
            apply(session, desk, waiting, now=now)

    def refusals(self) -> set[str]:
        return {one.reason.value for one in self._all(Refusal)}

    def events(self) -> list[ProviderEvent]:
        return self._all(ProviderEvent)

    def contacts(self) -> int:
        return len(self._all(Contact))

    def openings(self) -> list[Opening]:
        return self._all(Opening)

    def _all(self, model: Any) -> list[Any]:
        with self.services.database.reading() as session:
            return list(session.scalars(select(model)))


def handed_over(
    services: Services, clock: FakeClock, *, answer: Outcome = DOUBT, steps: int = 2, tracking: str = ""
) -> Case:
    """Ann's first mail was handed over, and the provider answered so."""
    outreach = Outreach(services)
    series = [mail(), *(mail(3, "") for _ in range(steps - 1))]
    outreach.enrol(outreach.person(ANN), outreach.sequence(*series))
    clock.now = NOW.replace(hour=12)
    with services.database.transaction() as session:
        session.execute(update(Enrolment).values(next_due_at=clock.now))
    outreach.plan()
    if tracking:
        with services.database.transaction() as session:
            session.execute(update(Message).values(tracking=tracking))
    assert isinstance(services.mailer, MemoryMailer)
    services.mailer.answer = None if isinstance(answer, Accepted) else answer
    outreach.dispatch()
    services.mailer.answer = None
    clock.advance(timedelta(minutes=1))
    return Case(outreach)


def says(case: Case, kind: str, **more: Any) -> dict[str, Any]:
    """An event about the case's message, now."""
    return event(kind, case.name, at=case.outreach.now, **more)
