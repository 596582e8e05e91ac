"""A provider that would take nobody's mail: the mailbox stands still, or waits, and Today says so.

No mail is given up for it (decision 0011).
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.delivery.ports import Accepted, NotSent, Outcome, Rejected
from crm.delivery.results import KEEPS_AT
from crm.operations import alarms
from crm.queries.sending.leaving import Reach, Scope
from crm.workflows.holding.stop_mailbox import stop_mailbox

_m = Message.metadata.tables["messages"].c


def note_trouble(session: Session, outcomes: Mapping[int, Outcome], *, now: datetime) -> None:
    """What the outcomes of a handful, written down already, say of the mailboxes they left from."""
    troubles = {
        one: outcome
        for one, outcome in outcomes.items()
        if isinstance(outcome, NotSent) and not outcome.reason.is_of_one_mail
    }
    if troubles:
        _stop(session, {one: it.reason.value for one, it in troubles.items() if it.pause_mailbox}, now)
        _sound(session, {one: it.reason.value for one, it in troubles.items() if not it.pause_mailbox}, now)
    answered = [one for one, outcome in outcomes.items() if isinstance(outcome, Accepted | Rejected)]
    if answered and (away := set(alarms.scopes(session, alarms.AWAY))):
        boxes = session.scalars(select(_m.mailbox_id).where(_m.id.in_(answered)).distinct())
        for scope in sorted(away & {_scope(one) for one in boxes}):
            alarms.resolve(session, scope, kind=alarms.AWAY, by=None, at=now)


def _stop(session: Session, reasons: Mapping[int, str], now: datetime) -> None:
    """A login or setting that fails would fail for every message: stop until a person has looked."""
    boxes = select(_m.mailbox_id, func.min(_m.id)).where(_m.id.in_(reasons)).group_by(_m.mailbox_id)
    for mailbox_id, message_id in session.execute(boxes).all():
        stop_mailbox(session, mailbox_id, cause=reasons[message_id], now=now)


def _sound(session: Session, reasons: Mapping[int, str], now: datetime) -> None:
    """Whatever else comes by itself may go by itself: told when it has lasted for some tries."""
    boxes = (
        select(_m.mailbox_id, func.min(_m.id))
        .where(_m.id.in_(reasons), _m.attempt >= KEEPS_AT)
        .group_by(_m.mailbox_id)
    )
    for mailbox_id, message_id in session.execute(boxes).all():
        if not alarms.stands(session, _scope(mailbox_id), kind=alarms.AWAY):
            detail = {"reason": reasons[message_id]}
            alarms.sound(session, alarms.AWAY, _scope(mailbox_id), detail=detail, at=now)


def _scope(mailbox_id: int) -> str:
    return str(Scope(Reach.MAILBOX, mailbox_id))
