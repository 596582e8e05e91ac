"""The outbox: messages that wait to leave, and the ones that no longer will."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from crm.delivery.models import Message, MessageBytes, MessageState
from crm.delivery.new_message import NewMessage
from crm.kernel.digests import AddressDigest
from crm.kernel.errors import ConflictError
from crm.kernel.mail import MailKind, TrackingMode
from crm.kernel.prepared import Prepared, among, one_of

UNASKED: Final = frozenset({MailKind.OUTREACH, MailKind.MANUAL})
"""Mail that nobody asked for: stopped by a refusal, counted against caps and budgets, kept to hours."""

WAITING: Final = frozenset({MessageState.HELD, MessageState.DUE})

_messages = Message.metadata.tables["messages"]
_m = _messages.c


_COLUMNS = (
    "public_id", "pixel_id", "kind", "prospect_id", "enrolment_id", "step_id", "variant_id", "mailbox_id",
    "dedupe_key", "address_digest", "recipient", "sender", "subject_line", "notice_version", "first_contact",
    "tracking", "decision", "state", "due_at", "late_from", "attempt", "outcome", "planned_at", "changed_at",
)  # fmt: skip
_INSERT = Prepared(
    sqlite.insert(_messages).values({name: bindparam(name) for name in _COLUMNS}).on_conflict_do_nothing()
)
_BYTES = Prepared(
    insert(MessageBytes.metadata.tables["message_bytes"]).from_select(
        ["message_id", "wire"],
        select(_m.id, bindparam("wire", type_=LargeBinary)).where(
            _m.public_id == bindparam("name"),
            ~exists().where(MessageBytes.message_id == _m.id),  # a mail sent again has its name already
        ),
    )
)
_WAITING = Prepared(
    select(_m.mailbox_id, func.count())
    .where(
        one_of(_m.mailbox_id, "ids"),
        among(_m.state, (MessageState.DUE, MessageState.CLAIMED)),
        _m.due_at <= bindparam("until"),
        among(_m.kind, UNASKED),
    )
    .group_by(_m.mailbox_id)
)


def queue(session: Session, message: NewMessage, *, now: datetime) -> bool:
    """Put a message into the outbox; False when its step or its cause already made one (I02)."""
    return queue_all(session, [message], now=now) == 1


def queue_all(session: Session, messages: Sequence[NewMessage], *, now: datetime) -> int:
    """Put many into the outbox at once; how many were news. The unique keys decide, not a look before.

    Raises:
        ConflictError: the database took one for known that has neither its step nor its cause: its names are
            used, or the counter of its rows is behind, as after an incomplete restore. Nothing may be lost.
    """
    if not messages:
        return 0
    rows = [_row(message, now) for message in messages]
    if session.get_bind().dialect.name == "sqlite":
        added = _INSERT.many(session, rows)
    else:
        fresh = postgresql.insert(_messages).on_conflict_do_nothing().returning(_m.id)
        added = len(session.connection().execute(fresh, rows).all())
    # Nothing for one that was known: its new public id names no row, or one that has its bytes.
    _BYTES.many(session, [{"name": one.public_id, "wire": one.wire} for one in messages])
    if added < len(messages):
        _explain(session, messages)
    return added


def _explain(session: Session, messages: Sequence[NewMessage]) -> None:
    """See that whatever was not news is there already, for the same step or the same cause."""
    there = session.execute(
        select(_m.public_id, _m.dedupe_key, _m.enrolment_id, _m.step_id).where(
            or_(
                _m.public_id.in_([one.public_id for one in messages]),
                _m.dedupe_key.in_([one.dedupe_key for one in messages if one.dedupe_key is not None]),
                _m.enrolment_id.in_([one.enrolment_id for one in messages if one.step_id is not None]),
            )
        )
    ).all()
    names = {name for name, _, _, _ in there}
    causes = {cause for _, cause, _, _ in there} - {None}
    made = {(enrolment, step) for _, _, enrolment, step in there if step is not None}
    for one in messages:
        known = one.public_id in names or one.dedupe_key in causes or (one.enrolment_id, one.step_id) in made
        if not known:
            raise ConflictError("a message was not queued though nothing like it is there")


def _row(message: NewMessage, now: datetime) -> dict[str, Any]:
    return {
        "public_id": message.public_id,
        "pixel_id": message.pixel_id,
        "kind": message.kind,
        "prospect_id": message.prospect_id,
        "enrolment_id": message.enrolment_id,
        "step_id": message.step_id,
        "variant_id": message.variant_id,
        "mailbox_id": message.mailbox_id,
        "dedupe_key": message.dedupe_key,
        "address_digest": message.address_digest,
        "recipient": message.recipient,
        "sender": message.sender,
        "subject_line": message.subject_line,
        "notice_version": message.notice_version,
        "first_contact": message.first_contact,
        "tracking": message.tracking,
        "decision": dict(message.decision),
        "state": MessageState.HELD if message.held else MessageState.DUE,
        "due_at": message.due_at,
        "late_from": message.late_from,
        "attempt": 0,
        "outcome": "",
        "planned_at": now,
        "changed_at": now,
    }


def cancel_due(  # noqa: PLR0913 - all by name; they say whose messages
    session: Session,
    *,
    digests: Collection[AddressDigest] = (),
    prospect_ids: Collection[int] = (),
    enrolment_ids: Collection[int] = (),
    kinds: Collection[MailKind] = UNASKED,
    reason: str,
    at: datetime,
) -> int:
    """Cancel what still waits for these mailboxes, people or enrolments; how many.

    Only what nobody claimed yet: a claim is stopped by the gate inside it. `reason` is a code, no person.
    """
    cancelled = session.scalars(
        update(_messages)
        .where(_whose(digests, prospect_ids, enrolment_ids), _m.state.in_(WAITING), _m.kind.in_(kinds))
        .values(state=MessageState.CANCELLED, outcome=reason, changed_at=at)
        .returning(_m.id)
    )
    return len(cancelled.all())


def cancel_one(session: Session, public_id: str, *, reason: str, at: datetime) -> bool:
    """Cancel one message that still waits; False when it is leaving, left, or was never there."""
    cancelled = session.scalars(
        update(_messages)
        .where(_m.public_id == public_id, _m.state.in_(WAITING))
        .values(state=MessageState.CANCELLED, outcome=reason, changed_at=at)
        .returning(_m.id)
    )
    return cancelled.one_or_none() is not None


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A message that was taken out of the outbox before it could leave, so that it is made again."""

    enrolment_id: int
    due_at: datetime
    state: MessageState

    def due_again(self, now: datetime) -> datetime:
        """When to make it again: a mail that waited for a colleague is not late because of that."""
        return max(self.due_at, now) if self.state is MessageState.HELD else self.due_at


def take_back(
    session: Session, *, prospect_ids: Collection[int] = (), enrolment_ids: Collection[int] = ()
) -> list[Unplanned]:
    """Remove steps of sequences that are still `due` or `held`: what they should say has changed.

    The row goes, or its unique key would keep the step from being planned again.
    """
    gone = session.execute(
        delete(_messages)
        .where(_whose((), prospect_ids, enrolment_ids), _m.state.in_(WAITING), _m.enrolment_id.is_not(None))
        .returning(_m.enrolment_id, _m.due_at, _m.state)
    )
    return [Unplanned(*row) for row in gone]


def move(session: Session, due: Mapping[int, datetime], *, outcome: str, now: datetime) -> None:
    """Give messages that still wait another moment to leave."""
    if due:
        session.connection().execute(
            update(_messages)
            .where(_m.id == bindparam("message"), _m.state == MessageState.DUE)
            .values(due_at=bindparam("then"), outcome=outcome, changed_at=now),
            [{"message": message_id, "then": at} for message_id, at in due.items()],
        )


def unmeasure(session: Session, message_id: int, wire: bytes) -> None:
    """Give a message that waits the bytes it would have had without a pixel, and note that it has none."""
    waits = (_m.id == message_id, _m.state.in_(WAITING))
    changed = update(_messages).where(*waits).values(pixel_id=None, tracking=TrackingMode.OFF)
    if session.scalar(changed.returning(_m.id)) is not None:
        bytes_ = MessageBytes.metadata.tables["message_bytes"]
        session.execute(update(bytes_).where(bytes_.c.message_id == message_id).values(wire=wire))


def waiting_in(session: Session, mailbox_ids: Collection[int], *, until: datetime) -> dict[int, int]:
    """How many unasked messages wait or are in hand in each mailbox, due up to a moment."""
    return dict(_WAITING.rows(session, ids=list(mailbox_ids), until=until))


def _whose(
    digests: Collection[AddressDigest], prospect_ids: Collection[int], enrolment_ids: Collection[int]
) -> ColumnElement[bool]:
    return or_(
        _m.address_digest.in_(digests),
        _m.prospect_id.in_(prospect_ids),
        _m.enrolment_id.in_(enrolment_ids),
    )
