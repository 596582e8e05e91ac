"""Messages on their way out, with what decides about them: the claim's candidates, and what is in hand."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from crm.delivery import crashes
from crm.delivery.models import Message, MessageBytes, MessageState
from crm.kernel.digests import AddressDigest
from crm.kernel.mail import MailKind, TrackingMode
from crm.kernel.prepared import Prepared, beside, one_of
from crm.kernel.zones import zone_for
from crm.prospects.models import Company, Prospect
from crm.sequences.models import Enrolment, EnrolmentState, Step
from crm.sequences.models import Sequence as SequenceRow

_messages = Message.metadata.tables["messages"]
_enrolments = Enrolment.metadata.tables["enrolments"]
_m, _e = _messages.c, _enrolments.c
_p = Prospect.metadata.tables["prospects"]
_c = Company.metadata.tables["companies"]
_q = SequenceRow.metadata.tables["sequences"]
_b = MessageBytes.metadata.tables["message_bytes"]
_s = Step.metadata.tables["steps"]


class Candidate(NamedTuple):
    """A due message that may be claimed."""

    id: int
    kind: MailKind
    enrolment_id: int | None
    due_at: datetime
    country: str | None
    time_zone: str | None
    outcome: str
    late_from: datetime | None

    @property
    def has_crashed(self) -> bool:
        """Its last claim ended in a crash, of which it may be the cause."""
        return crashes.is_noted(self.outcome)

    @property
    def zone(self) -> ZoneInfo:
        """Where the recipient's clock hangs."""
        return zone_for(self.country or None, self.time_zone or None).zone


_CANDIDATES = Prepared(
    select(_m.id, _m.kind, _m.enrolment_id, _m.due_at, _c.c.country, _c.c.time_zone, _m.outcome, _m.late_from)
    .select_from(_messages)
    .outerjoin(_p, _p.c.id == _m.prospect_id)
    .outerjoin(_c, _c.c.id == _p.c.company_id)
    .outerjoin(_enrolments, _e.id == _m.enrolment_id)
    .outerjoin(_q, _q.c.id == _e.sequence_id)
    .where(
        _m.mailbox_id == bindparam("mailbox"),
        _m.state == MessageState.DUE,
        _m.due_at <= bindparam("now"),
        one_of(_m.kind, "kinds"),
        or_(_e.id.is_(None), _e.state != EnrolmentState.PAUSED),
        _q.c.paused_at.is_(None),
    )
    .order_by(_m.due_at, _m.id)
    .limit(bindparam("most"))
    .with_for_update(of=_messages, skip_locked=True)
)


def candidates(
    session: Session, mailbox_id: int, *, now: datetime, kinds: Collection[MailKind], limit: int
) -> list[Candidate]:
    """What is due in a mailbox, the longest due first; locked, and without what another worker looks at.

    Steps of paused sequences and of paused enrolments stay where they are.
    """
    rows = _CANDIDATES.rows(
        session, mailbox=mailbox_id, now=now, kinds=[kind.value for kind in kinds], most=limit
    )
    return [Candidate._make(row) for row in rows]


class InHand(NamedTuple):
    """A claimed message, whole."""

    id: int
    public_id: str
    kind: MailKind
    prospect_id: int | None
    enrolment_id: int | None
    mailbox_id: int
    dedupe_key: str | None
    address_digest: AddressDigest
    recipient: str
    sender: str
    wire: bytes
    due_at: datetime
    sequence_id: int | None
    enrolled_at: datetime | None
    enrolment_state: EnrolmentState | None
    position: int | None
    """Of its step."""

    tracking: TrackingMode = TrackingMode.OFF
    late_from: datetime | None = None


_IN_HAND = Prepared(
    select(
        _m.id, _m.public_id, _m.kind, _m.prospect_id, _m.enrolment_id, _m.mailbox_id, _m.dedupe_key,
        _m.address_digest, _m.recipient, _m.sender, _b.c.wire, _m.due_at,
        _e.sequence_id, _e.enrolled_at, _e.state, _s.c.position, _m.tracking, _m.late_from,
    )
    .select_from(_messages)
    .join(_b, _b.c.message_id == _m.id)
    .outerjoin(_enrolments, _e.id == _m.enrolment_id)
    .outerjoin(_s, _s.c.id == _m.step_id)
    .where(one_of(_m.id, "ids"), beside(_m.state) == MessageState.CLAIMED, _m.claim_id == bindparam("claim"))
    .order_by(_m.due_at, _m.id)
)  # fmt: skip


def in_hand(session: Session, ids: Collection[int], claim_id: str) -> list[InHand]:
    """Those of the messages that this claim still holds, in the order they were due."""
    return [InHand._make(row) for row in _IN_HAND.rows(session, ids=list(ids), claim=claim_id)]


def planned_twice(session: Session, enrolment_ids: Collection[int]) -> set[int]:
    """Enrolments with a step that has two messages: none, while the unique key stands (I02)."""
    query = (
        select(_m.enrolment_id)
        .where(_m.enrolment_id.in_(enrolment_ids))
        .group_by(_m.enrolment_id, _m.step_id)
        .having(func.count() > 1)
    )
    return set(session.scalars(query))
