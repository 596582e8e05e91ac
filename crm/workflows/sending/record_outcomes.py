"""Write down what became of messages that were handed over, and what follows from it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from crm.delivery import reports, results
from crm.delivery.models import Message, MessageState
from crm.delivery.outbox import UNASKED
from crm.delivery.ports import Accepted, Outcome, Rejected
from crm.delivery.states import EventKind
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.mail import MailKind
from crm.kernel.prepared import Prepared, beside, one_of
from crm.permission import ledger
from crm.permission.ledger import Sent
from crm.permission.terms import AddressState
from crm.prospects.models import Prospect, Status, StatusChange
from crm.queries.gate.recipients import Recipient, recipients
from crm.replies import bounces
from crm.replies.folding import fold
from crm.replies.verdicts import Hardness
from crm.sequences import enrolments
from crm.sequences.models import Step, StopReason
from crm.workflows.planning.advance import advance
from crm.workflows.reports.note_bounce import Refused, domain_is_dead
from crm.workflows.sending import not_left
from crm.workflows.sending.judge import Leaving
from crm.workflows.sending.note_trouble import note_trouble

_prospects = Prospect.metadata.tables["prospects"]
_messages = Message.metadata.tables["messages"]
_p, _m = _prospects.c, _messages.c
_s = Step.metadata.tables["steps"].c
_SERVER: Final = re.compile(r"5\d\d\b")
"""A no in the words of a mail server, not of a provider's own interface."""


_LEFT = Prepared(
    select(_m.id, _m.public_id, _m.kind, _m.prospect_id, _m.enrolment_id, _m.address_digest, _s.position)
    .select_from(_messages)
    .outerjoin(Step.metadata.tables["steps"], _s.id == _m.step_id)
    .where(one_of(_m.id, "ids"))
)
_LAST_MAIL = Prepared(update(_prospects).where(one_of(_p.id, "ids")).values(last_mail_at=bindparam("now")))
_CONTACTED = Prepared(
    update(_prospects)
    .where(one_of(_p.id, "ids"), beside(_p.status) == Status.NEW)
    .values(status=Status.CONTACTED)
    .returning(_p.id)
)
_STATUS = Prepared(
    insert(StatusChange.metadata.tables["status_changes"]).values(
        prospect_id=bindparam("person"),
        was=Status.NEW,
        became=Status.CONTACTED,
        because="mail_sent",
        changed_at=bindparam("now"),
    )
)


class Left(NamedTuple):
    """A message that left, and to whom."""

    id: int
    public_id: str
    kind: MailKind
    prospect_id: int | None
    enrolment_id: int | None
    address_digest: AddressDigest
    position: int | None
    """Of its step."""

    person: Recipient | None


def left_of(one: Leaving) -> Left:
    """What follows of a message that was handed over."""
    message = one.message
    return Left(
        message.id,
        message.public_id,
        message.kind,
        message.prospect_id,
        message.enrolment_id,
        message.address_digest,
        message.position,
        one.person,
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many of each, of those that were still ours."""

    sent: int = 0
    rejected: int = 0
    again: int = 0
    uncertain: int = 0


def record_outcomes(  # noqa: PLR0913 - by name
    session: Session,
    claim_id: str,
    outcomes: Mapping[int, Outcome],
    *,
    ring: AddressKeys,
    now: datetime,
    left: Sequence[Left] = (),
    speed: float = 1.0,
) -> Recorded:
    """Record a handful in one transaction, each only from `sending` under this claim.

    Where the reaper was faster, an acceptance or a no that was read still counts, as a report does: forward
    only. Silence never overwrites anything. `left`: what the worker knows of them and need not read again.
    """
    became = results.record(session, claim_id, outcomes, now=now, speed=speed)
    late = {one: _late(outcome) for one, outcome in outcomes.items() if one not in became}
    moved = reports.apply(session, {one: event for one, event in late.items() if event is not None}, at=now)
    sent = {one for one, state in became.items() if state is MessageState.SENT}
    sent |= set(reports.newly_left(moved))
    _follow(session, [one for one in left if one.id in sent], ring, now)
    after_sending(session, sent - {one.id for one in left}, ring=ring, now=now)
    rejected = [one for one, state in became.items() if state is MessageState.REJECTED]
    # A no that was read after the lease ends the sequence as well, or it would wait for nothing.
    rejected += [one for one, (was, is_now) in moved.items() if was is not is_now is MessageState.REJECTED]
    if rejected:
        _after_rejection(session, rejected, outcomes, now)
    note_trouble(session, outcomes, now=now)
    states = list(became.values())
    return Recorded(
        sent=states.count(MessageState.SENT),
        rejected=len(rejected),
        again=states.count(MessageState.DUE),
        uncertain=states.count(MessageState.UNCERTAIN),
    )


def after_sending(
    session: Session, message_ids: Collection[int], *, ring: AddressKeys, now: datetime
) -> None:
    """What follows when messages are known to have left: ledger, last mail, status, the next step.

    For whoever learns later that an uncertain one did leave: a report, or a person's decision.
    """
    if not message_ids:
        return
    rows = _LEFT.rows(session, ids=list(message_ids))
    people = recipients(session, {row[3] for row in rows if row[3] is not None})
    _follow(session, [Left._make([*row, people.get(row[3])]) for row in rows], ring, now)


def _follow(session: Session, left: Sequence[Left], ring: AddressKeys, now: datetime) -> None:
    if not left:
        return
    ledger.write(session, [_sent(one, ring, now) for one in left])
    unasked = {one.person.id: one.person for one in left if one.kind in UNASKED and one.person is not None}
    _note_contact(session, list(unasked.values()), now)
    done = {
        one.enrolment_id: one.position
        for one in left
        if one.enrolment_id is not None and one.position is not None
    }
    advance(session, done, now=now, people={one.person.id: one.person for one in left if one.person})


def _sent(left: Left, ring: AddressKeys, now: datetime) -> Sent:
    firm = left.person.firm_domain if left.person else None
    domain = ring.domain_digests(firm)[0] if firm else None
    return Sent(left.address_digest, domain, left.public_id, left.kind, now)


def _note_contact(session: Session, people: Sequence[Recipient], now: datetime) -> None:
    if not people:
        return
    _LAST_MAIL.run(session, ids=[person.id for person in people], now=now)
    fresh = [person.id for person in people if person.status is Status.NEW]
    if fresh:
        changed = [row[0] for row in _CONTACTED.rows(session, ids=fresh)]
        _STATUS.many(session, [{"person": person, "now": now} for person in changed])


def _late(outcome: Outcome) -> EventKind | None:
    """What an outcome proves after the lease is over."""
    match outcome:
        case Accepted():
            return EventKind.PROCESSED
        case Rejected():
            return EventKind.DROPPED
        case _:
            return None


def _after_rejection(
    session: Session, message_ids: Sequence[int], outcomes: Mapping[int, Outcome], now: datetime
) -> None:
    """A definite no ends the sequence; a mailbox that does not exist is not written to again."""
    not_left.tell(session, message_ids, now=now)
    rows = session.execute(select(_m.id, _m.prospect_id, _m.enrolment_id).where(_m.id.in_(message_ids))).all()
    for row in rows:
        outcome = outcomes[row.id]
        code = outcome.code if isinstance(outcome, Rejected) else "gave_up"
        if row.enrolment_id is not None:
            enrolments.stop(session, [row.enrolment_id], StopReason.REJECTED, at=now, detail=code)
        refused = _refused(outcome)
        if refused.hardness is Hardness.HARD and row.prospect_id is not None:
            domain_is_dead(session, row.prospect_id, refused, now=now)
            session.execute(
                update(_prospects)
                .where(_p.id == row.prospect_id)
                .values(address_state=AddressState.BOUNCED.value)
            )


def _refused(outcome: Outcome) -> Refused:
    """What a server's no at once says of the reader, judged as if it had come back."""
    if not isinstance(outcome, Rejected) or not _SERVER.match(outcome.code):
        return Refused(Hardness.NONE)
    code, sub, hardness = bounces.judge(outcome.code, fold(f"{outcome.code} {outcome.detail}"))
    return Refused(hardness, sub, code)
