"""The people who are written to, and what their provider says of their mail."""

from dataclasses import dataclass
from datetime import timedelta

from crm.delivery import claims
from crm.delivery.event_ports import Report, Reported, SignedPost
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.workflows.refusals.erase import Shelves, erase
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from crm.workflows.reports.keep_events import keep_post
from tests.simulation import letters
from tests.simulation.agenda import Scene
from tests.simulation.history import HandOver, What, one_spelling

GOOD = (Report.PROCESSED, Report.DELIVERED, Report.OPEN, Report.DEFERRED)
STOP = ("Haal me van de lijst.", "Please remove me from your list.", "Schrijf me uit alstublieft.")
WORDS = ("Dank je, klinkt goed. Bel me donderdag even.", "Interessant! Wat kost het per foto?")


@dataclass
class Recipients:
    """All of them."""

    scene: Scene

    def arrived(self, mail: HandOver) -> None:
        """A mail is with the provider: events follow, and perhaps the person does something."""
        chance = self.scene.turns.chance
        odds = chance.random()
        if odds < 0.05:
            self._bounce(mail, hard=odds < 0.03)
        else:
            kinds = [kind for kind in GOOD if chance.random() < 0.7]
            if odds > 0.985:
                kinds.append(Report.SPAM_REPORT)
                self.scene.tell(What.SAID, one_spelling(mail.recipient))
            for kind in kinds:
                for _ in range(chance.choice((1, 1, 1, 2, 3))):
                    self.report(mail, kind, hours=chance.choice((0.001, 0.1, 2, 30, 70)) * chance.random())
        odds = chance.random()
        hours = chance.choice((0.01, 1, 20, 60)) * chance.random()
        if odds < 0.18:
            self.scene.later("recipient", lambda: self.act(mail, odds), hours=hours)

    def act(self, mail: HandOver, odds: float) -> None:
        who = one_spelling(mail.recipient)
        if odds < 0.05:
            self._write(mail, What.ANSWERED, self.scene.turns.chance.choice(WORDS))
        elif odds < 0.08:
            self.scene.tell(What.SAID, who)
            self._write(mail, What.REFUSED, self.scene.turns.chance.choice(STOP))
        elif odds < 0.11:
            self._deliver(letters.away(mail, at=self.scene.now, number=next(self.scene.numbers)), None, mail)
        elif odds < 0.15:
            self.refuse(who)
        elif odds < 0.165:
            self.refuse(who, scope=RefusalScope.SNOOZE)
        else:
            self.forget(who)

    def refuse(self, whom: str, *, scope: RefusalScope | None = None) -> None:
        """Somebody says no on the page, until they are told that it is heard."""
        chance = self.scene.turns.chance
        reach = scope or chance.choice((RefusalScope.ADDRESS, RefusalScope.ADDRESS, RefusalScope.DOMAIN))
        if scope is None and chance.random() < 0.25:
            self.scene.insist("objector", lambda: self._note_alone(whom))
        else:
            self.scene.insist("objector", lambda: self._refuse(whom, reach))

    def forget(self, whom: str) -> None:
        """Somebody wants to be forgotten."""
        self.scene.insist("erased", lambda: self._erase(whom))

    def _desk(self) -> Desk:
        services, turns = self.scene.made.services, self.scene.turns
        return Desk(
            services.database, services.settings.keys.addresses, services.journal, services.clocks.real,
            pause=turns.rest, patience=0.3,
        )  # fmt: skip

    def _keys(self, whom: str) -> tuple[register.Key, ...]:
        """Spelled as people do."""
        local, _, domain = whom.partition("@")
        spelt = self.scene.turns.chance.choice((whom, whom.upper(), f" {local}@{domain}. ", f"X <{whom}>"))
        return register.keys_of(self.scene.made.services.settings.keys.addresses, EmailAddress.parse(spelt))

    def _refuse(self, whom: str, scope: RefusalScope) -> None:
        scene = self.scene
        scene.tell(What.SAID, whom)
        until = scene.now + timedelta(days=9) if scope is RefusalScope.SNOOZE else None
        domain = whom.rpartition("@")[2] if scope is RefusalScope.DOMAIN else None
        wish = Wish(scope=scope, reason=RefusalReason.OBJECTION, channel="page", at=scene.now, until=until)
        answer = refuse(self._desk(), Mailbox(self._keys(whom), domain), wish)
        if scope is RefusalScope.SNOOZE:
            scene.tell(What.SNOOZED, whom, is_final=answer.is_final, until=until)
            return
        scene.tell(What.REFUSED, whom, is_final=answer.is_final)
        if domain:
            scene.tell(What.REFUSED, f"@{domain}", is_final=answer.is_final)

    def _note_alone(self, whom: str) -> None:
        """A no that comes in by another door: nothing is cancelled, so that only the gate keeps mail back."""
        scene, services = self.scene, self.scene.made.services
        scene.tell(What.SAID, whom)
        keys = self._keys(whom)
        wish = Wish(
            scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="journal", at=scene.now
        )
        with services.database.transaction() as session:
            register.record(session, keys, wish)
        for _ in range(6):
            with services.database.reading() as session:
                digests = [digest for digest, _version in keys]
                if not claims.live_for(session, digests, real_now=services.clocks.real()):
                    scene.tell(What.REFUSED, whom)
                    return
            scene.turns.rest(0.05)
        scene.tell(What.REFUSED, whom, is_final=False)

    def _erase(self, whom: str) -> None:
        scene = self.scene
        scene.tell(What.SAID, whom)
        shelves = Shelves(scene.made.services.settings.var, None)
        receipt = erase(self._desk(), shelves, Mailbox(self._keys(whom)), channel="page", at=scene.now)
        scene.tell(What.REFUSED, whom, is_final=receipt.answer.is_final, detail="erased")

    def _write(self, mail: HandOver, what: What, words: str) -> None:
        raw = letters.answer(mail, words, at=self.scene.now, number=next(self.scene.numbers))
        self._deliver(raw, what, mail)

    def _bounce(self, mail: HandOver, *, hard: bool) -> None:
        def act() -> None:
            sender = self.scene.made.services.links.bounce_address(mail.public_id)
            raw = letters.bounce(
                mail, sender, "5.1.1" if hard else "4.2.2", at=self.scene.now, number=next(self.scene.numbers)
            )
            self._deliver(raw, What.STOPPED if hard else None, mail)

        self.scene.later("bounce", act, hours=self.scene.turns.chance.random() * 5)

    def _deliver(self, raw: bytes, what: What | None, mail: HandOver) -> None:
        """It lies in the inbox, now and then twice."""
        scene = self.scene
        for _ in range(scene.turns.chance.choice((1, 1, 1, 2))):
            key = scene.made.inbox.deliver(raw)
            scene.letters[key] = (what, one_spelling(mail.recipient), mail.public_id)
        scene.turns.note(f"mail comes in: {what or 'automatic'} {mail.recipient}")
        scene.wake = True

    def report(self, mail: HandOver, kind: Report, *, hours: float) -> None:
        def attempt() -> None:
            self.scene.insist("provider", lambda: self._apply(mail.public_id, kind))

        self.scene.later("event", attempt, hours=hours)

    def _apply(self, public_id: str, kind: Report) -> None:
        """What the provider's hook does with one post; workers apply it."""
        services, scene = self.scene.made.services, self.scene
        number = next(scene.numbers)
        event = Reported(
            report=kind, word=kind.value, reference=public_id, happened_at=scene.now,
            says=f"{public_id}:{kind}", event_id=f"event-{number}",
        )  # fmt: skip
        post = SignedPost(f"{number:064x}", [event])
        ring = services.settings.keys.addresses
        keep_post(services.database, ring, post, now=scene.now, real_now=services.clocks.real())
        scene.posts[number] = (public_id, kind.value)
        scene.wake = True
