"""What may be leaving right now, in one scope: for whoever wrote a stop down and looks afterwards (I12)."""

import enum
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageState
from crm.sequences.models import Enrolment

_messages = Message.metadata.tables["messages"]
_enrolments = Enrolment.metadata.tables["enrolments"]
_m, _e = _messages.c, _enrolments.c


class Reach(enum.StrEnum):
    """How far a pause reaches."""

    EVERYTHING = "everything"
    MAILBOX = "mailbox"
    SEQUENCE = "sequence"
    ENROLMENT = "enrolment"
    """One person's way through a sequence."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is paused."""

    reach: Reach
    id: int = 0
    """Of the mailbox, sequence or enrolment."""

    def __str__(self) -> str:
        return f"{self.reach.value} {self.id}" if self.id else self.reach.value


EVERYTHING = Scope(Reach.EVERYTHING)


def leaving(session: Session, scope: Scope, *, real_now: datetime) -> list[str]:
    """Public ids of messages that a worker holds. A claim whose lease is over counts no more."""
    live = or_(
        _m.state == MessageState.SENDING,
        and_(_m.state == MessageState.CLAIMED, _m.lease_until > real_now),
    )
    joined = _messages.outerjoin(_enrolments, _e.id == _m.enrolment_id)
    return list(session.scalars(select(_m.public_id).select_from(joined).where(live, *_within(scope))))


def _within(scope: Scope) -> list[ColumnElement[bool]]:
    match scope.reach:
        case Reach.EVERYTHING:
            return []
        case Reach.MAILBOX:
            return [_m.mailbox_id == scope.id]
        case Reach.SEQUENCE:
            return [_e.sequence_id == scope.id]
        case Reach.ENROLMENT:
            return [_m.enrolment_id == scope.id]
