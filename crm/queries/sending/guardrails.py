"""How a step's mail fares: asked about steps of which something went wrong lately, counted over a window."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from crm.delivery.event_models import ProviderEvent
from crm.delivery.guardrails import Record
from crm.delivery.models import TROUBLE, Message, MessageState
from crm.sequences.models import SequenceVersion, Step

_messages = Message.metadata.tables["messages"]
_m = _messages.c
_e = ProviderEvent.metadata.tables["provider_events"].c

NO_SUCH_MAILBOX = "%5.1.%"
"""In the words of a provider that refused a mail: enhanced status codes of an address (RFC 3463 §3.2)."""

BLOCKED = "%5.7.%"
"""And those by which a provider refuses us, or what we wrote."""


class Troubled(NamedTuple):
    """A step of which a mail came back, was refused or was called spam."""

    lineage: int
    """The step, in every version: publishing a text anew clears nobody's record."""

    position: int
    sequence_id: int


def troubled(session: Session, *, since: datetime) -> list[Troubled]:
    """Steps with a fault that we heard of after a moment: a look at an index of faults alone."""
    fresh = select(_m.step_id).where(TROUBLE, _m.changed_at > since, _m.step_id.is_not(None)).distinct()
    query = (
        select(Step.lineage, func.max(Step.position), SequenceVersion.sequence_id)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .where(Step.id.in_(fresh))
        .group_by(SequenceVersion.sequence_id, Step.lineage)
        .order_by(SequenceVersion.sequence_id, Step.lineage)
    )
    return [Troubled(*row) for row in session.execute(query)]


def record_of(session: Session, step: Troubled, *, since: datetime) -> Record:
    """What became of a step's mail that left after a moment."""
    versions = select(Step.id).join(SequenceVersion, SequenceVersion.id == Step.version_id)
    here = SequenceVersion.sequence_id == step.sequence_id
    ids = list(session.scalars(versions.where(here, Step.lineage == step.lineage)))
    sent, bounced, blocked, complained = session.execute(
        select(
            func.count(),
            func.count().filter(_is_hard()),
            func.count().filter(_is_block()),
            func.count().filter(_m.state == MessageState.COMPLAINED),
        ).where(_m.step_id.in_(ids), _m.sent_at > since)
    ).one()
    refused, turned_away = session.execute(
        select(
            func.count().filter(_m.outcome.like(NO_SUCH_MAILBOX)),
            func.count().filter(_m.outcome.like(BLOCKED)),
        ).where(
            TROUBLE,
            _m.changed_at > since,
            _m.step_id.in_(ids),
            _m.state == MessageState.REJECTED,
        )
    ).one()
    return Record(
        sent=sent + refused + turned_away,
        bounced=bounced + refused,
        complained=complained,
        blocked=blocked + turned_away,
    )


def records_of(session: Session, sequence_id: int, *, since: datetime) -> dict[int, Record]:
    """The same of every step of a sequence that wrote or failed since, by where it stands: for its page."""
    left = _m.sent_at > since
    refused = and_(TROUBLE, _m.changed_at > since, _m.state == MessageState.REJECTED)
    no_such, turned_away = _m.outcome.like(NO_SUCH_MAILBOX), _m.outcome.like(BLOCKED)
    query = (
        select(
            func.max(Step.position),
            func.count().filter(or_(left, and_(refused, or_(no_such, turned_away)))),
            func.count().filter(or_(and_(left, _is_hard()), and_(refused, no_such))),
            func.count().filter(and_(left, _m.state == MessageState.COMPLAINED)),
            func.count().filter(or_(and_(left, _is_block()), and_(refused, turned_away))),
        )
        .select_from(Step)
        .join(SequenceVersion, SequenceVersion.id == Step.version_id)
        .join(_messages, _m.step_id == Step.id)
        .where(SequenceVersion.sequence_id == sequence_id, or_(left, refused))
        .group_by(Step.lineage)
    )
    return {position: Record(*counts) for position, *counts in session.execute(query)}


def _is_hard() -> ColumnElement[bool]:
    """It came back for good: a report that says otherwise (not now, not from us) is another matter."""
    reports = select(_e.id).where(_e.message_id == _m.id, _e.kind.like("b%"))
    hard = reports.where(_e.code.like("hard%"))
    return and_(_m.state == MessageState.BOUNCED, or_(hard.exists(), ~reports.exists()))


def _is_block() -> ColumnElement[bool]:
    block = select(_e.id).where(_e.message_id == _m.id, _e.kind.like("b%"), _e.code.like("block%"))
    return and_(_m.state == MessageState.BOUNCED, block.exists())
