"""The gate inside the claim: what decides is read again right before a message may leave (D1, D2, I01).

A whole claim is judged on one look after its commit. With the mark on every ten, in the same transaction,
the register, the switches, the person's row and the enrolment are read again: where any of it differs, or the
look is no longer fresh, the gate is asked anew about everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import claims, outbox, results
from crm.delivery.claims import MARGIN, Claim
from crm.delivery.models import MessageState
from crm.delivery.results import Held
from crm.kernel.faults import point
from crm.kernel.settings import Settings
from crm.queries.gate.house import House, house
from crm.queries.gate.standing import Standing, standings
from crm.queries.sending.outgoing import in_hand
from crm.sequences import enrolments, pauses
from crm.workflows.sending import not_left
from crm.workflows.sending.judge import Judged, Leaving, judge
from crm.workflows.sending.questions import QUESTIONS

FRESH: Final = timedelta(seconds=2)
"""Real time that a look at a claim may be relied on."""

SAME_HOUR: Final = timedelta(minutes=1)
"""Calendar time that it may be: where the calendar runs fast, an office closes within seconds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Both clocks at once."""

    calendar: datetime
    real: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """Which messages of a claim the gate allows, and on what that rests."""

    at: Moment
    at_home: House
    leaving: Mapping[int, Leaving] = field(default_factory=dict)
    standing: Mapping[int, Standing] = field(default_factory=dict)

    def is_fresh(self, now: Moment) -> bool:
        """Tell whether it may still be relied on, if nothing changed."""
        return now.real - self.at.real < FRESH and now.calendar - self.at.calendar < SAME_HOUR


def look_at(session: Session, ids: Sequence[int], claim: Claim, now: Moment, settings: Settings) -> Look:
    """Judge a whole claim on a snapshot taken after its commit; whoever objects from here on sees the claim.

    Of several to one company only the first is foreseen: each counts for the ones after it.
    """
    at_home = house(session, settings)
    found = in_hand(session, ids, claim.id)
    judged = judge(session, found, now.calendar, settings, at_home)
    leaving: dict[int, Leaving] = {}
    companies: set[int] = set()
    for one in judged.leaving:
        if one.person is not None and one.person.company_id not in companies:
            companies.add(one.person.company_id)
            leaving[one.message.id] = one
    whom = {one: each.person.id for one, each in leaving.items() if each.person is not None}
    return Look(now, at_home, leaving, standings(session, whom, claim.id, settings.keys.addresses))


def ask_again(
    session: Session, ids: Sequence[int], claim: Claim, *, now: Moment, settings: Settings, look: Look
) -> list[Leaving]:
    """Judge a handful; those that may leave are marked as leaving, the caller commits.

    The others are withheld or put back here, with their slots. What is no longer ours is passed over. The
    caller holds what `queries.sending.in_order.lock_for_mark` locks.
    """
    if claim.lease_until - now.real < MARGIN:
        held = results.ours(session, ids, claim.id, state=MessageState.CLAIMED)
        results.put_back(session, list(held.values()), now=now.calendar, outcome="lease_over")
        return []
    at_home = house(session, settings)
    as_seen = _as_seen(session, ids, claim, at_home, look, settings) if look.is_fresh(now) else {}
    anew = [one for one in ids if one not in as_seen]
    judged = judge(session, in_hand(session, anew, claim.id) if anew else [], now.calendar, settings, at_home)
    point("gate.after_read")
    may = {**as_seen, **{one.message.id: one for one in judged.leaving}}
    marked = set(claims.mark_sending(session, list(may), claim.id, real_now=now.real, now=now.calendar))
    if len(marked) < len(ids):
        held = results.ours(session, ids, claim.id, state=MessageState.CLAIMED)
        _write(session, judged, held, now.calendar)
    return [may[one] for one in ids if one in marked]


def _as_seen(
    session: Session, ids: Sequence[int], claim: Claim, at_home: House, look: Look, settings: Settings
) -> dict[int, Leaving]:
    """Those of the messages about which nothing has changed since the look."""
    if at_home != look.at_home:
        return {}
    seen = {one: each for one in ids if (each := look.standing.get(one)) is not None}
    whom = {one: each.person.id for one, each in seen.items()}
    current = standings(session, whom, claim.id, settings.keys.addresses)
    return {one: look.leaving[one] for one, each in seen.items() if current.get(one) == each}


def _write(session: Session, judged: Judged, held: Mapping[int, Held], now: datetime) -> None:
    """Write down what does not leave, as far as it is still ours."""
    kept = [one for one in judged.withheld if one in held]
    results.withhold(session, [held[one] for one in kept], judged.withheld, now=now)
    not_left.tell(session, kept, now=now)
    back = [*judged.back, *judged.later, *judged.replan, *judged.unmeasured]
    results.put_back(session, [held[one] for one in back if one in held], judged.later, now=now)
    for message_id, wire in judged.unmeasured.items():
        if message_id in held:
            outbox.unmeasure(session, message_id, wire)
    anew = {judged.enrolment_of[one]: at for one, at in judged.replan.items() if one in held}
    if anew:
        # A frozen letter would be old by then: the step is written again, from fresh facts.
        outbox.take_back(session, enrolment_ids=list(anew))
        enrolments.wait_until(session, anew)
    for one, reason, detail in judged.stops:
        if one.id in held and one.enrolment_id is not None:
            enrolments.stop(session, [one.enrolment_id], reason, at=now, detail=detail)
    for one, reason, detail in judged.pauses:
        if one.id in held and one.enrolment_id is not None and one.prospect_id is not None:
            pauses.pause(session, [one.enrolment_id], reason, at=now, detail=detail)
            tasks.ask(
                session,
                one.prospect_id,
                QUESTIONS[reason],
                dedupe_key=f"{reason.value}:{one.enrolment_id}:{one.position}",
                now=now,
                enrolment_id=one.enrolment_id,
                again=True,
            )
