"""What is on its way already, for whoever looks ahead: enrolments, messages, slots, mails written."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.conversations.models import Task, TaskKind
from crm.delivery import caps
from crm.delivery.models import Mailbox, MailboxDay, Message, MessageState
from crm.delivery.outbox import UNASKED
from crm.delivery.pacing import Pace
from crm.kernel.digests import AddressKeys
from crm.kernel.mail import MailKind
from crm.permission import ledger
from crm.prospects.models import Prospect
from crm.queries.gate import history
from crm.queries.gate.facts_past import identities
from crm.queries.gate.recipients import Recipient
from crm.queries.sending.paces import most_a_day, pace_of
from crm.sequences.models import Enrolment, EnrolmentState
from crm.sequences.models import Sequence as Series

_OUT = (MessageState.HELD, MessageState.DUE, MessageState.CLAIMED, MessageState.SENDING)


class Running(NamedTuple):
    """Somebody who runs, or whose pause ends by itself."""

    enrolment_id: int
    prospect_id: int
    sequence_id: int
    version_id: int
    state: EnrolmentState
    position: int
    due_at: datetime | None
    resumes_at: datetime | None
    held_at: datetime | None
    held_due_at: datetime | None
    enrolled_at: datetime


class Out(NamedTuple):
    """A message that waits, or is in hand."""

    id: int
    enrolment_id: int | None
    prospect_id: int | None
    mailbox_id: int
    kind: MailKind
    state: MessageState
    due_at: datetime
    late_from: datetime | None


@dataclass(frozen=True, slots=True)
class Slots:
    """A mailbox, and how much of its day is used."""

    id: int
    time_zone: str
    pace: Pace
    signs: str
    paused: bool
    free_at: datetime | None
    used: dict[date, int]
    sent_days: int
    """Local days before this one on which it sent."""


def running(
    session: Session, *, mailbox_id: int, company_ids: Collection[int], until: datetime, limit: int
) -> tuple[list[Running], int]:
    """Who shares the mailbox or a company, by enrolment; and how many more there are than `limit`."""
    goes_on = or_(
        Enrolment.state == EnrolmentState.RUNNING,
        and_(Enrolment.state == EnrolmentState.PAUSED, Enrolment.resumes_at <= until),
    )
    near = or_(Series.mailbox_id == mailbox_id, Prospect.company_id.in_(company_ids))
    query = (
        select(
            Enrolment.id, Enrolment.prospect_id, Enrolment.sequence_id, Enrolment.version_id, Enrolment.state,
            Enrolment.position, Enrolment.next_due_at, Enrolment.resumes_at, Enrolment.held_at,
            Enrolment.held_due_at, Enrolment.enrolled_at,
        )
        .join(Series, Series.id == Enrolment.sequence_id)
        .join(Prospect, Prospect.id == Enrolment.prospect_id)
        .where(goes_on, near)
    )  # fmt: skip
    rows = [Running(*row) for row in session.execute(query.order_by(Enrolment.id).limit(limit + 1))]
    if len(rows) <= limit:
        return rows, 0
    whole = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return rows[:limit], whole - limit


def out(session: Session, enrolment_ids: Collection[int]) -> list[Out]:
    """Their messages, and those that colleagues wrote themselves, in the order in which they were made."""
    query = select(
        Message.id, Message.enrolment_id, Message.prospect_id, Message.mailbox_id, Message.kind,
        Message.state, Message.due_at, Message.late_from,
    ).where(Message.state.in_(_OUT), Message.kind.in_(UNASKED))  # fmt: skip
    mine = set(enrolment_ids)
    found = [Out(*row) for row in session.execute(query.order_by(Message.id))]
    return [one for one in found if one.enrolment_id is None or one.enrolment_id in mine]


def with_a_task(session: Session) -> set[int]:
    """Enrolments whose step is a task that nobody has done yet."""
    query = select(Task.enrolment_id).where(tasks.is_open(), Task.kind == TaskKind.STEP)
    return {one for one in session.scalars(query) if one is not None}


def slots(session: Session, now: datetime) -> list[Slots]:
    """Every mailbox."""
    found, most = [], most_a_day(session)
    for row in session.scalars(select(Mailbox).order_by(Mailbox.id)):
        today = caps.day_of(now, row.time_zone)
        pace = pace_of(row, most)
        before = select(func.count()).where(
            MailboxDay.mailbox_id == row.id, MailboxDay.day < today, MailboxDay.used > 0
        )
        used = {today: count} if (count := caps.used(session, row.id, today)) else {}
        signs = row.sender_name or row.display_name
        paused, days = row.paused_at is not None, session.scalar(before) or 0
        found.append(Slots(row.id, row.time_zone, pace, signs, paused, row.free_at, used, days))
    return found


def next_enrolment(session: Session) -> int:
    """The number the next person who is enrolled gets."""
    return (session.scalar(select(func.max(Enrolment.id))) or 0) + 1


def mails_to(
    session: Session, ring: AddressKeys, people: Mapping[int, Recipient], *, since: datetime
) -> dict[int, list[datetime]]:
    """When people were written to, by prospect, the oldest first."""
    names = history.addressed(session, people) | identities(ring, people)
    found: dict[int, list[datetime]] = {}
    for digest, at in ledger.moments(session, list(names), since=since):
        found.setdefault(names[digest], []).append(at)
    return found


def mails_since_answer(
    session: Session,
    ring: AddressKeys,
    people: Collection[Recipient],
    companies: Mapping[int, history.AtCompany],
) -> dict[str, int]:
    """Mails to each domain since a company's last answer, of companies that answered."""
    found: dict[str, int] = {}
    for one in people:
        answered = max(companies[one.company_id].answered.values(), default=None)
        if answered is not None and one.firm_domain is not None and one.firm_domain not in found:
            names = ring.domain_digests(one.firm_domain)
            found[one.firm_domain] = ledger.to_domain_since(session, names, since=answered)
    return found
