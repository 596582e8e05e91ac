"""Where it is played: which moment comes next, who is there, and what a worker does."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from crm.kernel.faults import PlannedFaultError
from crm.scheduler.jobs import Job, timetable
from tests.simulation.agenda import Scene
from tests.simulation.colleagues import Colleagues
from tests.simulation.due import next_due
from tests.simulation.history import What, one_spelling
from tests.simulation.recipients import Recipients

OFTEN: Final = ("dispatch", "plan")
RARELY: Final = ("clear_away", "destroy_old_keys", "heartbeat")
CROWD: Final = (1, 1, 2, 3)
NEVER: Final = datetime.max.replace(tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
_LATER: Final = (timedelta(minutes=1), timedelta(minutes=10), 3 * _HOUR)


@dataclass
class Stage:
    """One run's stage."""

    scene: Scene
    recipients: Recipients = field(init=False)
    colleagues: Colleagues = field(init=False)
    crowd: Sequence[int] = CROWD
    """How many workers look at a moment."""

    is_over: bool = False
    """Nobody begins anything any more."""

    _jobs: tuple[Job, ...] = field(default_factory=lambda: timetable(1.0))
    _next_look: datetime | None = None

    def __post_init__(self) -> None:
        self.recipients = Recipients(self.scene)
        self.colleagues = Colleagues(self.scene, self.recipients.refuse)
        self.scene.made.provider.on_taken = self.recipients.arrived
        self.scene.turns.aimed = self._aim
        self.scene.agenda.plan(self.scene.now, "day", self._begin_day)

    def next_moment(self) -> datetime:
        """The next one at which anybody has something to do."""
        agenda, wakes = self.scene.agenda.next, self.scene.turns.wakes_at
        moments = [one for one in (agenda, wakes, self._due()) if one is not None]
        return max(min(moments, default=NEVER), self.scene.now)

    def next_moment_before(self, *, days: int) -> datetime:
        """The same, but no later than that."""
        return min(self.next_moment(), self.scene.now + timedelta(days=days))

    def live(self, *, days: int) -> None:
        """Let days pass."""
        self.live_until(self.scene.now + timedelta(days=days))

    def live_until(self, end: datetime) -> int:
        """Go from moment to moment; how many there were."""
        count = 0
        while (moment := self.next_moment()) < end:
            count += 1
            self.go_to(moment)
        self.scene.wake = True
        self.go_to(end)
        return count

    def go_to(self, moment: datetime) -> None:
        """Everything that happens then."""
        scene, turns = self.scene, self.scene.turns
        turns.clock.now = max(moment, turns.clock.now)
        for entry in scene.agenda.due(moment):
            turns.start(entry.name, entry.act, mortal=False)
        turns.run()
        if self._works(moment):
            scene.wake = False
            for _ in range(turns.chance.choice(self.crowd)):
                turns.start("worker", self._worker)
        turns.run()

    def _works(self, moment: datetime) -> bool:
        due = self._next_look is not None and self._next_look <= moment
        return self.scene.wake or due or self.scene.turns.chance.random() < 0.05

    def _begin_day(self) -> None:
        if self.is_over:
            return
        scene, chance = self.scene, self.scene.turns.chance
        scene.later("day", self._begin_day, hours=24)
        for _ in range(chance.choice((1, 2, 3))):
            scene.later("colleague", self.colleagues.do_something, hours=chance.random() * 24)
        scene.later("look", self._look_in, hours=chance.random() * 24)

    def _look_in(self) -> None:
        """At any hour: what may not leave now must not, though somebody looks."""
        self.scene.wake = True

    def _worker(self) -> None:
        """A scheduler process for a moment: each of its jobs once."""
        services = self.scene.made.worker(self.scene.turns)
        everything = self.scene.turns.chance.random() < 0.3 or self.scene.letters or self.scene.posts
        for job in self._jobs:
            if job.name in RARELY or not (everything or job.name in OFTEN):
                continue
            kept = set(self.scene.made.inbox.kept)
            letters, posts = [key for key in self.scene.letters if key in kept], list(self.scene.posts)
            try:
                job.work(services, lambda: False)
            except (PlannedFaultError, MemoryError):
                continue  # logged, and run again at its next tick
            if job.name == "understand_mail":
                self._read(letters)
            if job.name == "apply_events":
                self._heard(posts)

    def _read(self, keys: list[str]) -> None:
        """These letters have been understood: from now on the program knows."""
        for key in keys:
            found = self.scene.letters.pop(key, None)
            if found is not None:
                what, whom, about = found
                if what is not None:
                    self.scene.tell(what, whom, is_final=False, detail="letter")
                self.scene.tell(What.REPORTED, about, detail="letter")

    def _heard(self, numbers: list[int]) -> None:
        for number in numbers:
            about, kind = self.scene.posts.pop(number, ("", ""))
            if about:
                self.scene.tell(What.REPORTED, about, detail=kind)

    def _aim(self) -> None:
        """Somebody whose mail is in a worker's hands says no, this very moment."""
        found = self.scene.rows(
            "SELECT recipient FROM messages WHERE state IN ('claimed', 'sending') ORDER BY id"
        )
        if found:
            whom = one_spelling(str(self.scene.turns.chance.choice(found)[0]))
            self.recipients.refuse(whom)

    def _due(self) -> datetime | None:
        """When a worker would find something; what is overdue is looked at again after a while."""
        now, chance = self.scene.now, self.scene.turns.chance
        with self.scene.made.services.database.reading() as session:
            found = next_due(session, now)
        moments = [found.at + timedelta(seconds=chance.random() * 60)] if found.at else []
        if found.is_overdue:
            moments.append(now + chance.choice(_LATER) * (0.5 + chance.random()))
        self._next_look = min(moments, default=None)
        return self._next_look
