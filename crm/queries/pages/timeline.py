"""Everything that happened with somebody, newest first, from every room."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.conversations.models import Note, Task
from crm.delivery.models import Message, MessageState
from crm.handoff.models import Lead, LeadReport
from crm.prospects.models import Source, StatusChange
from crm.queries.inbox.correspondence import PROOFS
from crm.queries.keeping.wishes import wishes
from crm.queries.pages.events import Event, Kind
from crm.queries.sending.letters import texts
from crm.queries.sending.origins import origins
from crm.replies.models import InboundMail
from crm.replies.verdicts import MailKind
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.sequences.models import Sequence as Series
from crm.staff.models import Staff
from crm.tracking.models import Opening

MOST = 100
"""Events of each kind; whoever needs older ones takes the export, which has everything."""


def timeline(session: Session, prospect_id: int) -> list[Event]:
    """The events, newest first. A dozen indexed queries, whatever the size of the database."""
    names = dict(session.execute(select(Staff.id, Staff.name)).all())
    events = [
        *_notes(session, prospect_id, names),
        *_mails(session, prospect_id),
        *_replies(session, prospect_id),
        *_openings(session, prospect_id),
        *_changes(session, prospect_id, names),
        *_series(session, prospect_id, names),
        *_tasks(session, prospect_id, names),
        *_lead(session, prospect_id, names),
        *wishes(session, prospect_id),
    ]
    return sorted(events, key=lambda event: (event.at, event.id), reverse=True)


def _newest(session: Session, model: Any, prospect_id: int, order: Any) -> Iterator[Any]:  # noqa: ANN401 - any mapped class
    return iter(
        session.scalars(
            select(model).where(model.prospect_id == prospect_id).order_by(order.desc()).limit(MOST)
        )
    )


def _notes(session: Session, prospect_id: int, names: dict[int, str]) -> Iterator[Event]:
    for note in _newest(session, Note, prospect_id, Note.happened_at):
        if note.removed_at is None:
            who = names.get(note.author_id or 0, "")
            yield Event(Kind(note.kind.value), note.happened_at, note.id, who=who, text=note.body)


def _mails(session: Session, prospect_id: int) -> Iterator[Event]:
    waiting = {MessageState.DUE, MessageState.HELD, MessageState.CLAIMED, MessageState.SENDING}
    mails = [
        one for one in _newest(session, Message, prospect_id, Message.due_at) if one.state not in waiting
    ]
    ids = [mail.id for mail in mails]
    letters, made_from = texts(session, ids), origins(session, ids)
    for mail in mails:
        yield Event(
            Kind.MAIL, mail.sent_at or mail.changed_at, mail.id, code=mail.state.value,
            subject=mail.subject_line, text=letters.get(mail.id, ""), detail=mail.outcome,
            origin=made_from.get(mail.id),
        )  # fmt: skip


def _replies(session: Session, prospect_id: int) -> Iterator[Event]:
    for mail in _newest(session, InboundMail, prospect_id, InboundMail.received_at):
        unproven = mail.kind == MailKind.COMPLAINT.value and mail.matched_by not in PROOFS
        code = "unproven_complaint" if unproven else mail.kind
        yield Event(
            Kind.REPLY, mail.received_at, mail.id, code=code, subject=mail.subject_line, text=mail.text
        )


def _openings(session: Session, prospect_id: int) -> Iterator[Event]:
    query = (
        select(Opening.id, Opening.opened_at, Opening.opened_by, Message.subject_line)
        .join(Message, Message.id == Opening.message_id)
        .where(Message.prospect_id == prospect_id)
        .order_by(Opening.opened_at.desc())
        .limit(MOST)
    )
    for row in session.execute(query):
        yield Event(Kind.OPENING, row.opened_at, row.id, code=row.opened_by.value, subject=row.subject_line)


def _changes(session: Session, prospect_id: int, names: dict[int, str]) -> Iterator[Event]:
    for change in _newest(session, StatusChange, prospect_id, StatusChange.changed_at):
        yield Event(
            Kind.STATUS, change.changed_at, change.id, who=names.get(change.changed_by or 0, ""),
            code=change.became.value, detail=change.because,
        )  # fmt: skip
    for source in session.scalars(select(Source).where(Source.prospect_id == prospect_id)):
        at = datetime.combine(source.obtained_on, datetime.min.time(), tzinfo=UTC)
        yield Event(Kind.SOURCE, at, source.id, code=source.kind.value, detail=source.words or source.url)


def _series(session: Session, prospect_id: int, names: dict[int, str]) -> Iterator[Event]:
    query = (
        select(Enrolment, Series.name)
        .join(Series, Series.id == Enrolment.sequence_id)
        .where(Enrolment.prospect_id == prospect_id)
    )
    for row, name in session.execute(query):
        yield Event(
            Kind.SERIES,
            row.enrolled_at,
            row.id,
            who=names.get(row.enrolled_by or 0, ""),
            code="enrolled",
            detail=name,
        )
        if row.stop_reason is not None:
            by_hand = row.state is EnrolmentState.PAUSED and row.stop_reason is StopReason.BY_STAFF
            code = "paused" if by_hand else row.stop_reason.value
            yield Event(Kind.SERIES, row.changed_at, row.id, code=code, detail=name)


def _tasks(session: Session, prospect_id: int, names: dict[int, str]) -> Iterator[Event]:
    for task in _newest(session, Task, prospect_id, Task.created_at):
        if task.done_at is not None:
            yield Event(
                Kind.TASK, task.done_at, task.id, who=names.get(task.done_by or 0, ""), text=task.title
            )


def _lead(session: Session, prospect_id: int, names: dict[int, str]) -> Iterator[Event]:
    lead = session.scalar(select(Lead).where(Lead.prospect_id == prospect_id))
    if lead is None:
        return
    yield Event(
        Kind.LEAD, lead.converted_at, lead.id, who=names.get(lead.converted_by or 0, ""), code="queued"
    )
    if lead.handed_over_at:
        yield Event(Kind.LEAD, lead.handed_over_at, lead.id, code="handed_over")
    if lead.code_used_at:
        yield Event(Kind.LEAD, lead.code_used_at, lead.id, code="started")
    for report in session.scalars(select(LeadReport).where(LeadReport.lead_id == lead.id)):
        yield Event(Kind.LEAD, report.received_at, report.id, code=report.kind)
