"""Who and what takes part in a rehearsal: values in memory that change as the rows would."""

from bisect import bisect_right, insort
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from crm.delivery import caps
from crm.delivery.pacing import Pace, allowance, wait_after
from crm.kernel.mail import MailKind
from crm.kernel.zones import instant, zone_for
from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Decision, Verdict
from crm.queries.gate.facts_past import YEAR
from crm.queries.gate.recipients import Recipient
from crm.sequences.models import StepKind
from crm.sequences.shape import StepText, Version
from crm.sequences.texts import Words
from crm.workflows.planning.step_fate import Due, seed_of

DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Firm:
    """What counts for everybody at one company, or at one domain."""

    mails: int = 0
    """Since the company's last answer."""

    doubts: int = 0
    """Further ones of which nobody knows whether they left."""

    is_counted: bool = True
    """Not so where a domain is no company."""


@dataclass(slots=True)
class Company:
    """Who there is in a sequence."""

    active: dict[int, int] = field(default_factory=dict)
    """Prospects by enrolment."""

    def before(self, actor: "Actor") -> int:
        """How many colleagues of theirs began before them."""
        if len(self.active) < 2:
            return 0
        mine, me = actor.enrolment_id, actor.person.id
        return len({who for one, who in self.active.items() if one < mine and who != me})


@dataclass(slots=True)
class Actor:
    """Somebody in a sequence."""

    enrolment_id: int
    person: Recipient
    version: Version
    mailbox_id: int
    facts: Facts
    """As they were loaded; `facts_at` adds what happened since."""

    firm: Firm
    company: Company
    horizon: datetime
    is_guest: bool
    """Of the cohort that is rehearsed."""

    position: int = 1
    due_at: datetime | None = None
    held_due_at: datetime | None = None
    mails: list[datetime] = field(default_factory=list)
    """To them, of the last year and of the rehearsal."""

    doubts: int = 0
    """Mails of which nobody knows whether they left."""

    edited: dict[int, Words] = field(default_factory=dict)
    """Words that a colleague changed, by step."""

    runs: bool = True
    _seen: tuple[int, int, int, int, int] | None = None
    _now: Facts | None = None
    _yes: tuple[datetime, datetime] | None = None
    """From when to when a yes is known to hold."""

    _no: datetime | None = None
    """From when on it is known to be none any more."""

    @property
    def step(self) -> StepText | None:
        """The one that comes next."""
        return self.version.step(self.position)

    def due(self, kind: StepKind, due_at: datetime) -> Due:
        """Their step, as the planner asks about it."""
        return Due(kind, due_at, self.held_due_at or due_at, seed_of(self.enrolment_id, self.position))

    def note_mail(self, now: datetime) -> None:
        """A mail to them left."""
        self.mails.append(now)
        self.firm.mails += self.firm.is_counted
        self.facts = replace(
            self.facts,
            notice_at=self.facts.notice_at or now,
            past=replace(self.facts.past, last_mail_at=now),
        )

    def facts_at(self, now: datetime, *, beside: int = 0) -> Facts:
        """What the gate would be told at a moment; `beside`: mails to colleagues that leave before theirs."""
        recent = [at for at in self.mails if at > now - YEAR] if self.mails else self.mails
        leaving = self.firm.doubts + beside * self.firm.is_counted
        seen = (len(self.mails), len(recent), self.firm.mails, self.company.before(self), leaving)
        if self._now is None or seen != self._seen:
            oldest = min(recent, default=None) if self.doubts == 0 else self.facts.past.oldest_mail_at
            past = replace(
                self.facts.past,
                mails_last_year=len(recent) + self.doubts,
                oldest_mail_at=oldest,
                unanswered_at_company=seen[2],
                company_sequences=seen[3],
                leaving_to_company=seen[4],
            )
            self._now, self._seen = replace(self.facts, past=past), seen
            self._yes = self._no = None
        return self._now

    def ask(self, facts: Facts, now: datetime) -> Decision:
        """The gate's answer, asked only where it may have changed.

        With the same facts, waits end and terms run out: whoever may be written to at two moments may be at
        every one in between. How long a yes holds is closed in on from both sides.
        """
        if self._yes is not None and self._yes[0] <= now <= self._yes[1]:
            return ALLOWED
        decision = decide(facts, now)
        if decision.allows:
            self._yes = (now, self._reach(facts, decision, now))
        return decision

    def _reach(self, facts: Facts, decision: Decision, now: datetime) -> datetime:
        """A moment until which a yes holds: well ahead, or a day before the first term that it names."""
        terms = [one.until - DAY for one in decision.reasons if one.until is not None and one.until > now]
        beyond = min([self._no or self.horizon, *terms])
        while beyond - now > DAY:
            if decide(facts, beyond).allows:
                return beyond
            self._no = beyond
            beyond = now + (beyond - now) / 2
        return now


ALLOWED: Final = Decision(Verdict.ALLOW, (), None)
"""Stands for a yes that was asked for before."""


@dataclass(frozen=True, slots=True, order=True)
class Letter:
    """A mail that waits to leave."""

    due_at: datetime
    number: int
    """In the order in which they were written."""

    actor: Actor | None = field(compare=False)
    """None: a colleague's own mail."""

    kind: MailKind = field(compare=False, default=MailKind.OUTREACH)
    person: Recipient | None = field(compare=False, default=None)
    late_from: datetime | None = field(compare=False, default=None)


@dataclass(slots=True)
class Box:
    """A mailbox."""

    id: int
    time_zone: str
    pace: Pace
    signs: str
    sent_days: int
    """Days before the first one on which it sent."""

    used: dict[date, int] = field(default_factory=dict)
    """Days without a mail are not in it."""

    free_at: datetime | None = None
    waiting: list[Letter] = field(default_factory=list)
    """By the moment they are due."""

    _allowed: dict[tuple[date, int], int] = field(default_factory=dict)
    _midnights: dict[date, datetime] = field(default_factory=dict)

    def day_of(self, now: datetime) -> date:
        """The date there."""
        return caps.day_of(now, self.time_zone)

    def midnight_after(self, day: date) -> datetime:
        """When the next day's slots begin."""
        if day not in self._midnights:
            zone = zone_for(None, self.time_zone).zone
            self._midnights[day] = instant(datetime.combine(day + DAY, time.min), zone)
        return self._midnights[day]

    def allowed(self, day: date) -> int:
        """Slots of a day."""
        if not self.pace.is_ramping:
            return self.pace.daily_cap
        key = (day, len(self.used))
        if key not in self._allowed:
            more = sum(1 for one in self.used if one < day)
            days = min(self.sent_days + more, max(self.pace.ramp_days, 1))
            self._allowed[key] = allowance(self.pace, sent_days=days)
        return self._allowed[key]

    def give_back(self, day: date) -> None:
        """A slot of a day is free again."""
        self.used[day] -= 1
        if not self.used[day]:
            del self.used[day]

    def left(self, day: date) -> int:
        """Slots of a day that nobody has."""
        return max(self.allowed(day) - self.used.get(day, 0), 0)

    def rest(self, day: date) -> timedelta:
        """How long it rests after the newest of a day's mails."""
        return wait_after(self.pace, mailbox_id=self.id, day=day, number=self.used.get(day, 0))

    def due_until(self, moment: datetime) -> int:
        """How many wait that are due by a moment."""
        return bisect_right(self.waiting, moment, key=lambda one: one.due_at)

    def put(self, letter: Letter) -> None:
        """Let a letter wait."""
        insort(self.waiting, letter)

    def take(self, letters: Collection[Letter]) -> None:
        """Take letters out."""
        gone = {one.number for one in letters}
        self.waiting = [one for one in self.waiting if one.number not in gone]
