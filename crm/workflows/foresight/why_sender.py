"""What holds a mail that is due, in the sender's order: gap, cap, the line, the office, the gate."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from crm.delivery.pacing import is_free
from crm.kernel.zones import instant, zone_for
from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import Mender
from crm.queries.gate.facts import Loaded
from crm.queries.sending import whereabouts
from crm.queries.sending.whereabouts import Place, Room
from crm.sequences.models import StopReason
from crm.sequences.planner import is_too_late, next_due, release_at
from crm.workflows.foresight.why_told import Bar, Next, Obstacle, Outlook
from crm.workflows.planning.step_fate import seed_of
from crm.workflows.planning.verdicts import needs_a_person, next_look, stop_reason


@dataclass(frozen=True, slots=True)
class Ready:
    """A mail whose moment has come: written, or about to be."""

    place: Place
    room: Room
    due_at: datetime
    loaded: Loaded
    decision: Decision
    message_id: int | None = None
    recipient: str | None = None
    """The address it was written to."""

    late_from: datetime | None = None

    def told(
        self, what: Next, at: datetime | None, *bars: Obstacle, reason: StopReason | None = None
    ) -> Outlook:
        """What becomes of it, with the gate's reasons behind our own."""
        shown = (*bars, *against(self.decision))
        return Outlook(what, at, shown, self.decision, self.place, self.place.position, reason)


def in_mailbox(session: Session, one: Ready, *, now: datetime) -> Outlook:
    """Whether the mailbox lets it go, whether the office there is open, and then the gate once more."""
    room, person = one.room, one.loaded.recipient
    if not is_free(room.free_at, now):
        return one.told(Next.WAITS, room.free_at, Obstacle(Bar.MAILBOX_RESTS, Mender.TIME, room.free_at))
    if room.used >= room.allowed:
        midnight = midnight_after(room, now)
        # Claimed at midnight, and put off to the opening as nobody is at their desk then.
        at = release_at(
            midnight, zone=person.zone, country=person.country or None, seed=one.place.enrolment_id
        )
        return one.told(Next.WAITS, at, full(room, midnight))
    front = whereabouts.in_front(session, room.id, until=one.due_at, id_=one.message_id)
    if front and (room.pace.is_spaced or front >= room.allowed - room.used):
        return one.told(Next.WAITS, None, Obstacle(Bar.IN_LINE, Mender.TIME, detail=str(front)))
    opens = release_at(now, zone=person.zone, country=person.country or None, seed=one.place.enrolment_id)
    if opens > now:
        return one.told(Next.WAITS, opens, Obstacle(Bar.OFFICE_CLOSED, Mender.TIME, opens))
    return _in_hand(one, now)


def _in_hand(one: Ready, now: datetime) -> Outlook:
    person, late = one.loaded.recipient, one.loaded.facts.budgets.late_working_days
    if one.recipient is not None and (person.mailbox is None or str(person.mailbox) != one.recipient):
        bar = Obstacle(Bar.ADDRESS_CHANGED, Mender.SALES)
        return one.told(Next.STOPS, None, bar, reason=StopReason.BLOCKED)
    if is_too_late(
        one.late_from or one.due_at, now, zone=person.zone, country=person.country or None, after=late
    ):
        bar = Obstacle(Bar.TOO_LATE, Mender.SALES)
        return one.told(Next.ASKS, None, bar, reason=StopReason.TOO_LATE)
    return _at_the_gate(one, now)


def _at_the_gate(one: Ready, now: datetime) -> Outlook:
    decision = one.decision
    if decision.verdict is Verdict.DENY:
        return one.told(Next.STOPS, None, reason=stop_reason(decision))
    if needs_a_person(decision):
        return one.told(Next.ASKS, None, reason=StopReason.IN_DOUBT)
    if decision.verdict is Verdict.WAIT:
        seed = seed_of(one.place.enrolment_id, one.place.position)
        return one.told(Next.WAITS, next_look(decision, one.loaded.recipient, seed=seed, now=now))
    return one.told(Next.LEAVES, now)


def placed(place: Place, loaded: Loaded, after: datetime) -> datetime:
    """When a step is looked at again that found its day full."""
    person, seed = loaded.recipient, seed_of(place.enrolment_id, place.position)
    country = person.country or None
    return next_due(after=after, working_days=0, zone=person.zone, country=country, seed=seed)


def against(decision: Decision) -> tuple[Obstacle, ...]:
    """The gate's reasons, the strictest first."""
    return tuple(Obstacle(one, one.mender, one.until) for one in decision.against)


def full(room: Room, until: datetime) -> Obstacle:
    """A mailbox's day is used up."""
    ramp = " ramp" if room.allowed < room.pace.daily_cap else ""
    return Obstacle(Bar.DAY_IS_FULL, Mender.TIME, until, f"{room.allowed}{ramp}")


def zone_of(room: Room) -> ZoneInfo:
    """Where the mailbox's clock hangs."""
    return zone_for(None, room.time_zone).zone


def midnight_after(room: Room, at: datetime) -> datetime:
    """When the next day's slots begin."""
    day = at.astimezone(zone_of(room)).date() + timedelta(days=1)
    return instant(datetime.combine(day, time.min), zone_of(room))
