"""The colleagues of the long run: twice a day they do what the program asks of them."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import func, select

from crm.audit.chain import Actor
from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.errors import CrmError
from crm.prospects.models import Prospect
from crm.queries.sending.leaving import Reach, Scope
from crm.replies.models import InboundMail, InboundState
from crm.sequences.models import Enrolment, EnrolmentState, Sequence
from crm.services import Services
from crm.staff.models import Staff
from crm.workflows.desk.do_task import do_task
from crm.workflows.holding.pause import Wish, resume
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain
from scripts.demo.soak_newcomers import bring_in, enrol_them

_HOURS: Final = (9, 14)
_AT_ONCE: Final = 25


@dataclass
class Office:
    """Everybody is the first of the team."""

    services: Services
    chance: random.Random
    again: Counter[str] = field(default_factory=Counter)
    """Messages of which somebody wanted a second copy."""

    _worked: tuple[date, int] | None = None

    def work(self, now: datetime) -> None:
        """At nine and at two, on working days."""
        if now.weekday() >= 5 or now.hour not in _HOURS or self._worked == (now.date(), now.hour):
            return
        self._worked = (now.date(), now.hour)
        by = self._first()
        self._decide(by, now)
        self._tick_off(by, now)
        self._open(by, now)
        self._go_on(by, now)
        self._say_yes(by, now)
        if now.hour == _HOURS[0] and now.weekday() == 0:
            bring_in(self.services, now, by=by)
        if now.hour == _HOURS[0] and now.weekday() == 1:
            enrol_them(self.services, now, by=by)

    def let_go_on(self, now: datetime) -> None:
        """What a guardrail paused after the last round waits for a colleague, and by rights for ever."""
        self._open(self._first(), now)

    def states(self) -> Counter[str]:
        """How many messages are in which state."""
        query = select(Message.state, func.count()).group_by(Message.state)
        with self.services.database.reading() as session:
            return Counter({state.value: count for state, count in session.execute(query)})

    def people(self) -> int:
        """How many prospects there are."""
        with self.services.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Prospect)) or 0

    def _first(self) -> int:
        with self.services.database.reading() as session:
            return session.scalars(select(Staff.id).order_by(Staff.id).limit(1)).one()

    def _decide(self, by: int, now: datetime) -> None:
        doubtful = select(Message.id, Message.public_id).where(Message.state == MessageState.UNCERTAIN)
        with self.services.database.reading() as session:
            found = session.execute(doubtful.order_by(Message.id).limit(_AT_ONCE)).all()
        for row in found:
            if self.chance.random() < 0.4:
                continue  # left for another day
            [verdict] = self.chance.choices(list(Verdict), (7, 3, 1))
            ring = self.services.settings.keys.addresses
            with self.services.database.transaction() as session:
                resolve_uncertain(session, row.id, verdict, by=by, now=now, ring=ring, reason="looked")
            self.again[row.public_id] += verdict is Verdict.SEND_AGAIN

    def _tick_off(self, by: int, now: datetime) -> None:
        waiting = select(Task.id).where(Task.done_at.is_(None), Task.kind == TaskKind.STEP)
        with self.services.database.transaction() as session:
            for task in session.scalars(waiting.limit(_AT_ONCE)).all():
                do_task(session, task, by=by, at=now)

    def _open(self, by: int, now: datetime) -> None:
        """A guardrail has paused something: somebody has looked by now, and lets it go on."""
        with self.services.database.transaction() as session:
            shut = [
                *(
                    Scope(Reach.SEQUENCE, one)
                    for one in session.scalars(select(Sequence.id).where(Sequence.paused_at.is_not(None)))
                ),
                *(
                    Scope(Reach.MAILBOX, one)
                    for one in session.scalars(select(Mailbox.id).where(Mailbox.paused_at.is_not(None)))
                ),
            ]
            for scope in shut:
                resume(session, scope, Wish(by=Actor.staff(by), at=now, reason="looked"))

    def _go_on(self, by: int, now: datetime) -> None:
        held = select(Enrolment.id).where(
            Enrolment.state == EnrolmentState.PAUSED, Enrolment.resumes_at.is_(None)
        )
        with self.services.database.transaction() as session:
            for one in session.scalars(held.order_by(Enrolment.id).limit(_AT_ONCE)).all():
                resume(session, Scope(Reach.ENROLMENT, one), Wish(by=Actor.staff(by), at=now))

    def _say_yes(self, by: int, now: datetime) -> None:
        """Who answered as a person is asked for a sign-up, some of them at least."""
        answered = select(InboundMail.id, InboundMail.prospect_id).where(
            InboundMail.state == InboundState.UNDERSTOOD,
            InboundMail.kind == "person",
            InboundMail.prospect_id.is_not(None),
        )
        with self.services.database.reading() as session:
            found = session.execute(answered.order_by(InboundMail.id).limit(2)).all()
        services = self.services
        how = Converting(
            ring=services.settings.keys.addresses,
            links=services.links,
            now=now,
            real_now=services.clocks.real(),
        )
        for row in found:
            try:
                with services.database.transaction() as session:
                    session.get_one(InboundMail, row.id).state = InboundState.HANDLED
                    convert(session, row.prospect_id, how, by=Actor.staff(by))
            except CrmError:
                continue  # they said no meanwhile
