"""Faults put into the program on purpose, one at a time. The judge must find each, or it judges nothing."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.compose.template import Template
from crm.delivery import caps, claims, reaper, results
from crm.delivery.models import Message, MessageState
from crm.delivery.ports import Outcome, Uncertain
from crm.delivery.states import NEXT, EventKind
from crm.permission import limits
from crm.queries.sending.outgoing import in_hand
from crm.scheduler import jobs
from crm.sequences.models import Enrolment
from crm.workflows.holding import pause
from crm.workflows.planning import advance, step_fate, write_letter
from crm.workflows.sending import claim, dispatch
from crm.workflows.sending.judge import Leaving
from crm.workflows.series import enrol
from tests.crash import plants as of_crashes
from tests.simulation.installation import Installation
from tests.simulation.planting import Plant, Put, both, put, swap, without
from tests.simulation.turns import Weather

_messages = Message.metadata.tables["messages"]
_m = _messages.c


# Sending


def _retried_doubt(made: Installation) -> AbstractContextManager[None]:
    """The reaper sends again what a dead worker may have sent."""
    sound = reaper._move  # noqa: SLF001 - it is taken out

    def move(
        session: Session, ids: list[int], state: MessageState, event: EventKind, outcome: str, **more: Any
    ) -> None:
        sound(session, ids, state, event, outcome, **more)
        session.execute(
            update(_messages)
            .where(_m.id.in_(ids), _m.state == MessageState.UNCERTAIN)
            .values(state=MessageState.DUE)
        )

    return put((reaper, "_move", move))


def _one_transaction(made: Installation) -> AbstractContextManager[None]:
    """Claim, mark, hand-over and outcome in one transaction: a death rolls back what has left."""
    sound = dispatch.dispatch

    def without_commits(room: dispatch.PostRoom, **more: Any) -> dispatch.Dispatched:
        with room.database.transaction() as session:
            return sound(replace(room, database=of_crashes.OneTransaction(session)), **more)

    return put((jobs, "dispatch", without_commits))


def _no_unique_key(made: Installation) -> AbstractContextManager[None]:
    of_crashes.drop_unique_key(made.services.database)
    return put()


def _no_lease(made: Installation) -> AbstractContextManager[None]:
    """A worker that slept through its lease goes on with what others have by now."""

    def ours_for_ever(session: Session, ids: Any, held: claims.Claim, **more: Any) -> list[Leaving]:
        query = select(_m.id).where(_m.id.in_(ids))
        session.execute(
            update(_messages)
            .where(_m.id.in_(query))
            .values(state=MessageState.SENDING, claim_id=held.id, lease_until=held.lease_until)
        )
        session.execute(update(_messages).where(_m.id.in_(query)).values(state=MessageState.CLAIMED))
        found = in_hand(session, ids, held.id)
        session.execute(update(_messages).where(_m.id.in_(query)).values(state=MessageState.SENDING))
        return [Leaving(one, None) for one in found]

    return put((dispatch, "ask_again", ours_for_ever), (dispatch, "HAND_OVER", -claims.LEASE * 1_000))


def _guessed(*, state: MessageState) -> Put:
    """An answer that was lost is taken for an acceptance, or for a no."""
    sound = results._judged  # noqa: SLF001 - it is taken out

    def judged(tries: int, outcome: Outcome, now: datetime, speed: float) -> Any:
        if isinstance(outcome, Uncertain):
            return state, "", None, None
        return sound(tries, outcome, now, speed)

    return swap((results, "_judged", judged))


def _timer(made: Installation) -> AbstractContextManager[None]:
    """A doubt that is old is called sent."""
    lost = {**NEXT, (MessageState.SENDING, EventKind.LOST): MessageState.SENT}
    return put((reaper, "NEXT", lost))


def _any_hour(now: datetime, **_more: Any) -> datetime:
    return now


def _at_once(*, after: datetime, **_more: Any) -> datetime:
    return after


def _every_slot(_session: Session, _mailbox: int, _day: Any, *, wanted: int, cap: int) -> int:
    return wanted


def _endless(*_args: Any, **_more: Any) -> int:
    return 1_000


def _goes_on_in_doubt(made: Installation) -> AbstractContextManager[None]:
    """The next step does not wait until it is known what became of the one before."""
    sound = results.record

    def record(session: Session, claim_id: str, outcomes: Mapping[int, Outcome], **more: Any) -> Any:
        became = sound(session, claim_id, outcomes, **more)
        doubtful = [one for one, state in became.items() if state is MessageState.UNCERTAIN]
        rows = session.execute(
            select(Enrolment.id, Enrolment.position)
            .join(Message, Message.enrolment_id == Enrolment.id)
            .where(Message.id.in_(doubtful))
        )
        advance.advance(session, {row.id: row.position for row in rows}, now=more["now"])
        return became

    return put((results, "record", record))


def _due_now(*_args: Any, after: datetime) -> datetime:
    return after


def _no_faults(*_args: Any, **_more: Any) -> tuple[str, ...]:
    return ()


_FIXED = Template.render


def _source(self: Template, values: Mapping[str, str | None]) -> str:
    return _FIXED(self, values) + " {{ company }}"


SENDING = {
    "a doubt is sent again by the reaper": Plant("I02", "duplicates", _retried_doubt, Weather(dies=0.03)),
    "the claim is not committed before the hand-over": Plant(
        "I02", "duplicates", _one_transaction, Weather(dies=0.05)
    ),
    "no unique key for a step": Plant("I02", "duplicates", _no_unique_key),
    "a lease that never ends": Plant("I09", "duplicates", _no_lease, Weather(freezes=0.2)),
    "nobody reaps": Plant("I03", "lost", swap((reaper, "AT_ONCE", 0)), Weather(dies=0.05)),
    "a lost answer is an acceptance": Plant(
        "I04", "invented", _guessed(state=MessageState.SENT), Weather(lost=0.5)
    ),
    "a lost answer is a no": Plant(
        "I04", "invented", _guessed(state=MessageState.REJECTED), Weather(lost=0.5)
    ),
    "a timer ends doubts": Plant("I05", "doubt_ended_by_itself", _timer, Weather(dies=0.05)),
    "the next step does not wait for a doubt": Plant(
        "I07", "out_of_order", _goes_on_in_doubt, Weather(lost=0.5)
    ),
    "no daily cap": Plant("I06", "over_cap", swap((caps, "reserve", _every_slot), (caps, "left", _endless))),
    "no distance between mails": Plant("I06", "too_soon", without(limits.limits)),
    "no delay between steps": Plant(
        "I07", "out_of_order", both(without(limits.limits), swap((advance, "due_of", _due_now)))
    ),
    "steps at any hour": Plant(
        "I08",
        "outside_window",
        swap(
            (claim, "release_at", _any_hour),
            (step_fate, "release_at", _any_hour),
            (enrol, "next_due", _at_once),
        ),
    ),
    "a placeholder is filled with nothing": Plant(
        "I11", "unrendered", swap((Template, "render", _source), (write_letter, "lint_wire", _no_faults))
    ),
    "no gap between a mailbox's mails": Plant(
        "I06", "too_close", swap((claim, "is_free", lambda *_: True), (claim, "_turn", lambda *_: True))
    ),
    "a pause is acknowledged and not written": Plant(
        "I12", "while_held", swap((pause, "_set", lambda *_: True)), Weather(aimed=0)
    ),
    "mail is handed over inside a transaction": Plant("I44", "open_transactions", _one_transaction),
}
