"""A message over which workers keep crashing leaves the line, and somebody is asked (the poison pill)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import crashes, outbox, results
from crm.delivery.models import Message, MessageState
from crm.delivery.results import Held
from crm.kernel.db import Database
from crm.operations import alarms
from crm.operations.alarms import LAID_ASIDE, MESSAGE
from crm.queries.sending.in_order import lock_series_of
from crm.sequences import enrolments, pauses
from crm.sequences.models import StopReason

TRY_AGAIN: Final = timedelta(minutes=5)
"""Calendar time between the first error over a message and its second try."""

_MAIL: Final = (
    "The program failed over this mail more than once, and took it out of line. Should it try again?"
)
_SERIES: Final = (
    "The program failed over this sequence more than once, and holds it. Should it try again? "
    "Resume the sequence if so."
)


def after_errors(
    database: Database, claim_id: str, errors: Mapping[int, Exception], *, now: datetime
) -> None:
    """Put claimed messages back whose judging raised for the first time; lay the others aside."""
    with database.transaction() as session:
        lock_series_of(session, list(errors))
        held = results.ours(session, list(errors), claim_id, state=MessageState.CLAIMED)
        earlier = select(Message.id, Message.outcome).where(Message.id.in_(held))
        again = {row.id for row in session.execute(earlier) if crashes.has_raised(row.outcome)}
        for message_id, one in held.items():
            outcome = crashes.raised(errors[message_id])
            if message_id in again:
                lay_aside(session, [one], outcome=f"{crashes.LAID_ASIDE} {outcome}", now=now)
            else:
                results.put_back(session, [one], {message_id: now + TRY_AGAIN}, now=now, outcome=outcome)


def put_off(database: Database, claim_id: str, ids: Sequence[int], *, now: datetime) -> None:
    """Put what a claim still holds back for a while, with what was noted before, and count nothing."""
    with database.transaction() as session:
        lock_series_of(session, ids)
        held = results.ours(session, ids, claim_id, state=MessageState.CLAIMED)
        noted = session.execute(select(Message.id, Message.outcome).where(Message.id.in_(held)))
        for message_id, outcome in noted.all():
            results.put_back(
                session, [held[message_id]], {message_id: now + TRY_AGAIN}, now=now, outcome=outcome
            )


def lay_aside(session: Session, held: Collection[Held], *, outcome: str, now: datetime) -> None:
    """Take claimed messages out of line; the caller holds their enrolments.

    A step is removed, to be written anew when its sequence is told to go on; other mail is withheld. Where
    there is no page of somebody on which to ask, Today says it: a legal time limit may run.
    """
    found = {one.id: one for one in held}
    query = select(
        Message.id,
        Message.enrolment_id,
        Message.prospect_id,
        Message.due_at,
        Message.kind,
        Message.mailbox_id,
    )
    for row in session.execute(query.where(Message.id.in_(found))).all():
        if row.enrolment_id is None:
            results.withhold(session, [found[row.id]], {row.id: (outcome, {})}, now=now)
        else:
            results.put_back(session, [found[row.id]], now=now, outcome=outcome)
            outbox.take_back(session, enrolment_ids=[row.enrolment_id])
            enrolments.wait_until(session, {row.enrolment_id: row.due_at})
            pauses.pause(session, [row.enrolment_id], StopReason.IN_DOUBT, at=now, detail=outcome)
        if row.prospect_id is not None:
            tasks.ask(
                session, row.prospect_id, _MAIL, dedupe_key=f"crashes:{row.enrolment_id or row.id}", now=now,
                enrolment_id=row.enrolment_id, again=True,
            )  # fmt: skip
        else:
            detail = {"mail": row.kind.value, "mailbox": row.mailbox_id, "outcome": outcome}
            alarms.sound(session, LAID_ASIDE, f"{MESSAGE} {row.id}", detail=detail, at=now)


def lay_series_aside(session: Session, errors: Mapping[tuple[int, int], Exception], *, now: datetime) -> None:
    """Hold sequences over which the planner fails, by (enrolment, person), and ask; running or paused."""
    for (enrolment_id, prospect_id), error in sorted(errors.items()):
        detail = f"{crashes.LAID_ASIDE} {crashes.raised(error)}"
        if pauses.hold(session, [enrolment_id], StopReason.IN_DOUBT, at=now, detail=detail):
            tasks.ask(
                session, prospect_id, _SERIES, dedupe_key=f"crashes:{enrolment_id}", now=now,
                enrolment_id=enrolment_id, again=True,
            )  # fmt: skip
