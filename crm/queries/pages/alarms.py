"""What stands still until a person has looked: alarms, and mailboxes that the program paused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.operations import alarms
from crm.operations.models import Alarm
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences.models import Sequence

BY_STAFF = "by_staff"
_SAID = ("authentication", "our_proof", "")
"""An alarm of a mailbox says this itself, with what is wrong."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One of them."""

    kind: str
    scope: Scope
    name: str
    at: datetime
    detail: Mapping[str, Any]
    message_id: int = 0
    """Of the message it is about, where it is about one: nothing else stands still."""


def standing(session: Session) -> list[Standing]:
    """Everything that waits for somebody, the oldest first. Both tables hold a handful of such rows."""
    found = [_of(session, one) for one in alarms.standing(session)]
    paused = select(Mailbox).where(
        Mailbox.paused_at.is_not(None),
        Mailbox.pause_reason.not_like(f"{BY_STAFF}%"),
        Mailbox.pause_reason.not_in(_SAID),
    )
    found += [
        Standing(f"mailbox_{box.pause_reason}", Scope(Reach.MAILBOX, box.id), box.address, box.paused_at, {})
        for box in session.scalars(paused)
        if box.paused_at is not None
    ]
    return sorted((one for one in found if one is not None), key=lambda one: one.at)


def _of(session: Session, alarm: Alarm) -> Standing | None:
    reach, _, number = alarm.scope.partition(" ")
    if reach == alarms.MESSAGE:
        return _of_message(session, alarm, int(number))
    scope = Scope(Reach(reach), int(number or 0))
    if scope == EVERYTHING:
        return Standing(alarm.kind, scope, "Everything", alarm.raised_at, alarm.detail)
    column = Sequence.name if scope.reach is Reach.SEQUENCE else Mailbox.address
    table = Sequence.id if scope.reach is Reach.SEQUENCE else Mailbox.id
    name = session.scalar(select(column).where(table == scope.id))
    return Standing(alarm.kind, scope, name, alarm.raised_at, alarm.detail) if name else None


def _of_message(session: Session, alarm: Alarm, message_id: int) -> Standing:
    """By its mailbox: the message itself may be forgotten before somebody has looked."""
    scope = Scope(Reach.MAILBOX, alarm.detail["mailbox"])
    name = session.scalar(select(Mailbox.address).where(Mailbox.id == scope.id)) or ""
    return Standing(alarm.kind, scope, name, alarm.raised_at, alarm.detail, message_id)
