"""A named person says what became of a message of which nobody knows whether it left (I05)."""

import enum
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import caps, lookups, reports
from crm.delivery.models import Message, MessageState
from crm.delivery.states import EventKind
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import ConflictError, NotFoundError
from crm.kernel.faults import point
from crm.queries.sending.in_order import lock_series_of
from crm.sequences import enrolments
from crm.sequences.models import Step
from crm.workflows.planning.advance import advance
from crm.workflows.sending.record_outcomes import after_sending

_messages = Message.metadata.tables["messages"]
_m = _messages.c
_s = Step.metadata.tables["steps"].c


class Verdict(enum.StrEnum):
    """What a person may decide. The first is what most doubtful messages turn out to be."""

    COUNT_AS_SENT = "count_as_sent"
    NOT_SENT = "not_sent"
    """It did not leave, and shall not: the sequence goes on with the next step."""

    SEND_AGAIN = "send_again"
    """A new attempt under the same public id, so that a second copy can be recognised."""


_EVENTS = {
    Verdict.COUNT_AS_SENT: EventKind.COUNTED_AS_SENT,
    Verdict.NOT_SENT: EventKind.DECLARED_UNSENT,
    Verdict.SEND_AGAIN: EventKind.SENT_AGAIN,
}


def resolve_uncertain(  # noqa: PLR0913 - by name
    session: Session,
    message_id: int,
    verdict: Verdict,
    *,
    by: int,
    now: datetime,
    ring: AddressKeys,
    reason: str = "",
) -> MessageState:
    """Decide a doubt; the message's new state. Audited. Whoever decides second is told.

    `reason` is a code; free text would bring people into the log.

    Raises:
        NotFoundError: there is no such message.
        ConflictError: it is not uncertain (any more): a report came, or a colleague was faster.
    """
    seen = session.execute(
        select(_m.public_id, _m.mailbox_id, _m.cap_day, _m.enrolment_id, _s.position)
        .select_from(_messages)
        .outerjoin(Step.metadata.tables["steps"], _s.id == _m.step_id)
        .where(_m.id == message_id)
    ).one_or_none()
    if seen is None:
        raise NotFoundError
    lock_series_of(session, [message_id])
    was, became = reports.apply(session, {message_id: _EVENTS[verdict]}, at=now, outcome=verdict.value)[
        message_id
    ]
    point("resolve.mid")
    if was is not MessageState.UNCERTAIN:
        raise ConflictError
    if verdict is Verdict.COUNT_AS_SENT:
        after_sending(session, [message_id], ring=ring, now=now)
    else:
        _free_slot(session, message_id, seen.mailbox_id, seen.cap_day)
    if verdict is Verdict.NOT_SENT and seen.enrolment_id is not None:
        advance(session, {seen.enrolment_id: seen.position}, now=now)
    if verdict is Verdict.SEND_AGAIN:
        lookups.forget(session, message_id)
        if seen.enrolment_id is not None:
            enrolments.try_as(session, seen.enrolment_id, seen.public_id)
        session.execute(update(_messages).where(_m.id == message_id).values(due_at=now, attempt=0))
    chain.append(
        session,
        actor=chain.Actor.staff(by),
        action="message.resolved",
        object=f"message:{message_id}",
        detail={"verdict": verdict.value, "reason": reason},
        at=now,
    )
    return became


def _free_slot(session: Session, message_id: int, mailbox_id: int, day: date | None) -> None:
    if day is not None:
        caps.give_back(session, [(mailbox_id, day)])
        session.execute(update(_messages).where(_m.id == message_id).values(cap_day=None))
