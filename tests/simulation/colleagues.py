"""The people who work here: they enrol, pause, decide, import and convert, at any hour."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from crm.audit.chain import Actor
from crm.conversations.models import Task, TaskKind
from crm.delivery.models import Mailbox, Message, MessageState
from crm.kernel.errors import CrmError
from crm.prospects.models import Prospect
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import Enrolment, EnrolmentState
from crm.staff.models import Role, Staff
from crm.workflows.desk.do_task import do_task
from crm.workflows.desk.write_mail import Written, write_mail
from crm.workflows.holding.pause import Desk, Wish, pause, resume
from crm.workflows.leads.convert import Converting, convert
from crm.workflows.refusals.stop_series import stop_series_of
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain
from crm.workflows.series.enrol import enrol
from tests.imports import DEFAULTS, received, sheet
from tests.simulation.agenda import Scene
from tests.simulation.history import What, one_spelling

NOOR = 1
GROUND: Final[dict[str, Any]] = {
    "basis": DeclaredBasis.PUBLISHED_ADDRESS,
    "basis_url": "https://winkel.example/contact",
    "basis_wording": "Mail ons uw aanbod.",
    "confirmed_by": "Noor",
}
"""What lets somebody out of a file be written to."""


@dataclass
class Colleagues:
    """The team. Everybody is Noor."""

    scene: Scene
    on_regret: Callable[[str], None]
    """Somebody who said yes says no after all."""

    def come_in(self) -> None:
        """Her account."""
        with self.scene.made.services.database.transaction() as session:
            session.add(
                Staff(
                    id=NOOR, name="Noor", email="noor@produfoto.example", password_hash="x", role=Role.ADMIN,
                    created_at=self.scene.now,
                )
            )  # fmt: skip

    def acts(self) -> list[tuple[Callable[[], None], int]]:
        """What they do, and how often."""
        return [
            (self.enrol_some, 8), (self.decide, 6), (self.tick_off, 6), (self.go_on, 4), (self.bring_in, 2),
            (self.pause_something, 2), (self.say_yes, 3), (self.stop_one, 1), (self.write, 2),
        ]  # fmt: skip

    def do_something(self) -> None:
        """One act, until it is done; what the program declines is no fault."""
        acts, weights = zip(*self.acts(), strict=True)
        [act] = self.scene.turns.chance.choices(acts, weights)
        self.begin(act.__name__)

    def begin(self, name: str) -> None:
        """This one, by its name."""
        act = getattr(self, name)

        def attempt() -> None:
            try:
                act()
            except CrmError as error:
                self.scene.turns.note(f"declined {type(error).__name__}")

        self.scene.insist(name, attempt)

    def _some(self, query: object) -> int | None:
        with self.scene.made.services.database.reading() as session:
            found = sorted(session.scalars(query))  # type: ignore[call-overload] # a SELECT of ids
        return int(self.scene.turns.chance.choice(found)) if found else None

    def enrol_some(self) -> None:
        scene, chance = self.scene, self.scene.turns.chance
        services = scene.made.services
        with services.database.reading() as session:
            ids = list(session.scalars(select(Prospect.id).order_by(Prospect.id)))
        chosen = chance.sample(ids, min(len(ids), chance.choice((2, 4, 6))))
        with services.database.transaction() as session:
            enrol(
                session, chosen, chance.choice(scene.made.sequences), by=NOOR, now=scene.now,
                settings=services.settings,
            )  # fmt: skip

    def decide(self) -> None:
        scene = self.scene
        found = self._some(select(Message.id).where(Message.state == MessageState.UNCERTAIN))
        if found is None:
            return
        [verdict] = scene.turns.chance.choices(list(Verdict), (6, 3, 1))
        with scene.made.services.database.transaction() as session:
            name = session.scalars(select(Message.public_id).where(Message.id == found)).one()
            ring = scene.made.services.settings.keys.addresses
            resolve_uncertain(session, found, verdict, by=NOOR, now=scene.now, ring=ring, reason="looked")
        scene.tell(What.DECIDED, name, detail=verdict.value)

    def tick_off(self) -> None:
        task = self._some(select(Task.id).where(Task.done_at.is_(None), Task.kind == TaskKind.STEP))
        if task is not None:
            with self.scene.made.services.database.transaction() as session:
                do_task(session, task, by=NOOR, at=self.scene.now)

    def go_on(self) -> None:
        """Let a sequence go on that waits for somebody."""
        waits = select(Enrolment.id).where(
            Enrolment.state == EnrolmentState.PAUSED, Enrolment.resumes_at.is_(None)
        )
        found = self._some(waits)
        if found is not None:
            scope = Scope(Reach.ENROLMENT, found)
            with self.scene.made.services.database.transaction() as session:
                resume(session, scope, self._wish())
            self.scene.tell(What.RESUMED, str(scope))

    def stop_one(self) -> None:
        found = self._some(select(Enrolment.id).where(Enrolment.state == EnrolmentState.RUNNING))
        if found is None:
            return
        with self.scene.made.services.database.transaction() as session:
            row = session.get_one(Enrolment, found)
            stop_series_of(session, row.prospect_id, found, at=self.scene.now)
        self.scene.tell(What.STOPPED, f"enrolment {found}")

    def say_yes(self) -> None:
        scene = self.scene
        found = self._some(select(Prospect.id))
        if found is None:
            return
        services = scene.made.services
        how = Converting(
            ring=services.settings.keys.addresses, links=services.links, now=scene.now,
            real_now=services.clocks.real(),
        )  # fmt: skip
        with services.database.transaction() as session:
            address = session.scalars(select(Prospect.address).where(Prospect.id == found)).one()
            lead = convert(session, found, how, by=Actor.staff(NOOR)).lead.public_id
        scene.wake = True
        if scene.turns.chance.random() < 0.3:
            self._regrets(one_spelling(address))
        scene.tell(What.CONVERTED, one_spelling(address), detail=lead)

    def _regrets(self, whom: str) -> None:
        self.scene.later("objector", lambda: self.on_regret(whom), hours=self.scene.turns.chance.random() / 2)

    def write(self) -> None:
        """A mail by hand: it leaves after thirty seconds, if the gate allows it."""
        found, scene = self._some(select(Prospect.id)), self.scene
        if found is None:
            return
        number = next(scene.numbers)
        words = Written("Even vragen", f"Dag,\n\nhandwerk-{number}- van ons.\n\nGroet", once=str(number))
        with scene.made.services.database.transaction() as session:
            write_mail(session, scene.made.services.desk, found, words, now=scene.now)

    def bring_in(self) -> None:
        """A file: somebody who was here, perhaps refused or forgotten, and somebody new."""
        scene = self.scene
        known = scene.turns.chance.choice(list(scene.made.people.values()))
        number = next(scene.numbers)
        domain = known.domain if number % 2 else f"nieuw{number}.example"
        fresh = scene.made.add_person(f"info{number}@{domain}", known.country, known.zone)
        lines = [f"{one.address.upper()};;Winkel {one.domain} BV;{one.country};" for one in (known, fresh)]
        defaults = replace(DEFAULTS, time_zone=known.zone, obtained_on=scene.now.date(), **GROUND)
        received(scene.made.services.intake, sheet(*lines), defaults)
        scene.wake = True

    def pause_something(self) -> None:
        """Hold a mailbox, a sequence, one person's way or everything for a while."""
        scope, chance = self._scope(), self.scene.turns.chance
        services, scene = self.scene.made.services, self.scene
        desk = Desk(services.database, services.clocks.real, pause=scene.turns.rest, patience=0.3)
        until = scene.now + timedelta(days=3) if scope.reach is Reach.ENROLMENT else None
        answer = pause(desk, scope, self._wish(until))
        scene.tell(What.PAUSED, str(scope), is_final=answer.is_final, until=until)
        if until is None:
            hours = chance.choice((0.2, 5, 80)) * chance.random()
            scene.later("resumes", lambda: scene.insist("resumes", lambda: self._let_go(scope)), hours=hours)

    def _scope(self) -> Scope:
        chance, scene = self.scene.turns.chance, self.scene
        match chance.choice(list(Reach)):
            case Reach.MAILBOX:
                boxes = select(Mailbox.id).order_by(Mailbox.id)
                return Scope(Reach.MAILBOX, self._some(boxes) or 1)
            case Reach.SEQUENCE:
                return Scope(Reach.SEQUENCE, chance.choice(scene.made.sequences))
            case Reach.ENROLMENT:
                running = select(Enrolment.id).where(Enrolment.state == EnrolmentState.RUNNING)
                found = self._some(running.order_by(Enrolment.id))
                return Scope(Reach.ENROLMENT, found) if found else EVERYTHING
            case _:
                return EVERYTHING

    def _wish(self, until: datetime | None = None) -> Wish:
        return Wish(by=Actor.staff(NOOR), at=self.scene.now, reason="looking", until=until)

    def _let_go(self, scope: Scope) -> None:
        with self.scene.made.services.database.transaction() as session:
            resume(session, scope, self._wish())
        self.scene.tell(What.RESUMED, str(scope))

    def open_all(self) -> None:
        """At the end nothing is held, so that nothing may wait."""
        with self.scene.made.services.database.reading() as session:
            boxes = list(session.scalars(select(Mailbox.id).order_by(Mailbox.id)))
        for scope in (
            *(Scope(Reach.MAILBOX, one) for one in boxes),
            *(Scope(Reach.SEQUENCE, one) for one in self.scene.made.sequences),
            EVERYTHING,
        ):
            self._let_go(scope)
