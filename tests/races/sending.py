"""Pairs in which one sends: with another sender, with somebody who objects, with a colleague who pauses."""

from datetime import timedelta
from typing import Final

from sqlalchemy import update

from crm.delivery import claims
from crm.delivery.models import Mailbox as Box
from crm.kernel import faults
from crm.kernel.addresses import EmailAddress
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.workflows.refusals import refuse as refusing
from crm.workflows.refusals.refuse import Desk, Mailbox, refuse
from crm.workflows.sending.dispatch import PostRoom, dispatch
from crm.workflows.sending.reap import reap
from tests.outreach import Outreach, mail
from tests.races import plants
from tests.races.actor import Hand
from tests.races.pairs import Pair, Planted, Verdict, died, judged, twice, untrue

ANNA: Final = "anna@winkel.example"
_MOST_CLAIMS: Final = 10
QUIET: Final = {"sent", "uncertain", "withheld", "cancelled"}


def waiting(outreach: Outreach, *, others: int = 2, cap: int = 1_000, steps: int = 1) -> None:
    """Anna and some others, each with a mail that is due."""
    series = [mail(), *(mail(3, "") for _ in range(steps - 1))]
    people = [outreach.person(ANNA), *outreach.people(others)]
    outreach.enrol(people, outreach.sequence(*series))
    with outreach.services.database.transaction() as session:
        due = outreach.now - timedelta(minutes=10)
        session.execute(update(plants.ENROLMENTS).values(next_due_at=due))
    assert outreach.plan().queued == len(people)
    with outreach.services.database.transaction() as session:
        session.execute(update(Box).values(daily_cap=cap))  # only now: no more is planned than may leave


def send(hand: Hand) -> int:
    """What a worker does at every look: who was in a dead one's hand is claimed alone, one after another."""
    services = hand.services
    reap(services.database, services.clocks)
    room = PostRoom(services.database, services.settings, services.clocks, hand)
    claimed = 0
    for _ in range(_MOST_CLAIMS):
        took = dispatch(room).claimed
        claimed += took
        if not took:
            break
    return claimed


def objection(hand: Hand) -> bool:
    """Anna presses the button; whether the answer was final."""
    return refuse(_desk(hand), Mailbox(_keys(hand)), _wish(hand)).is_final


def objection_in_the_register(hand: Hand) -> bool:
    """The same by a door that cancels nothing: only the gate inside the claim stops the mail."""
    database, keys = hand.services.database, _keys(hand)
    with database.transaction() as session:
        register.record(session, keys, _wish(hand))
    with database.reading() as session:
        digests = [digest for digest, _ in keys]
        return not claims.live_for(session, digests, real_now=hand.services.clocks.real())


def _keys(hand: Hand) -> tuple[register.Key, ...]:
    return register.keys_of(hand.services.settings.keys.addresses, EmailAddress.parse(ANNA))


def _wish(hand: Hand) -> Wish:
    at = hand.services.clocks.calendar()
    return Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="page", at=at)


def _desk(hand: Hand) -> Desk:
    services = hand.services
    ring, real = services.settings.keys.addresses, services.clocks.real
    return Desk(services.database, ring, services.journal, real, pause=wait_a_while, patience=0.1)


def wait_a_while(_seconds: float) -> None:
    """Between two looks everything may happen."""
    faults.point("patience")


def lost(verdict: Verdict) -> list[str]:
    """Whoever came by at the end left nothing (I03)."""
    return ["lost"] if set(verdict.states().values()) - QUIET else []


def all_sent(verdict: Verdict) -> list[str]:
    """With nobody asleep there is no doubt."""
    doubts = "uncertain" in verdict.states().values()
    return ["doubt"] if doubts and not verdict.course.slept else []


def after_final(verdict: Verdict) -> list[str]:
    """After "nothing more will come" nothing more comes (I01)."""
    final = [
        one.at
        for act, one in zip(verdict.cast, verdict.course.ended, strict=True)
        if act in (1, 2) and one.result is True
    ]
    notes = [*verdict.course.notes, *verdict.after.notes]
    late = [note for note in notes if note.more == ANNA and final and note.at > min(final)]
    return ["after_final"] if late else []


CLAIM_CLAIM = Pair(
    make=waiting,
    acts=(send,),
    casts=((0, 0), (0, 0, 0)),
    judge=judged(died, twice, untrue, lost, all_sent),
    sleeps=0.5,
    planted={
        "a claim does not ask for the state": Planted(plants.NO_STATE, "denied"),
        "a lease never ends": Planted(plants.NO_LEASE, "twice"),
    },
)
CLAIM_REFUSE = Pair(
    make=lambda outreach: waiting(outreach, others=1),
    acts=(send, objection, objection_in_the_register),
    casts=((0, 1), (0, 2), (0, 0, 1, 2)),
    judge=judged(died, twice, untrue, lost, all_sent, after_final),
    sleeps=0.2,
    planted={
        "an objector does not look for live claims": Planted(
            ((refusing, "_leaving", lambda *_: []),), "after_final"
        ),
        "the gate inside the claim is not asked": Planted(plants.NO_GATE, "after_final"),
    },
)
