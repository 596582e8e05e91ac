"""The tables at the end, as plain rows: what the judge compares with what happened outside."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.conversations.models import Task
from crm.delivery.models import Message
from crm.handoff.models import Lead
from crm.privacy.models import Erasure
from crm.prospects.import_models import Import
from crm.prospects.models import Prospect
from crm.replies.models import InboundMail
from crm.sequences.models import Enrolment, Step


class MessageRow(NamedTuple):
    public_id: str
    enrolment_id: int | None
    position: int | None
    recipient: str
    state: str
    due_at: datetime


class EnrolmentRow(NamedTuple):
    id: int
    address: str
    sequence_id: int
    state: str
    position: int
    next_due_at: datetime | None
    resumes_at: datetime | None
    stop_reason: str | None


class Dump(NamedTuple):
    """Everything that is looked at."""

    messages: list[MessageRow]
    enrolments: list[EnrolmentRow]
    open_tasks: set[int]
    """Enrolments that wait for somebody to do something."""

    leads: dict[str, tuple[str, datetime | None]]
    """State and next try by public id."""

    unfinished: list[str]
    """Erasures, imports and inbound mail that nobody finished."""


def take(session: Session) -> Dump:
    """Read it all."""
    messages = session.execute(
        select(
            Message.public_id, Message.enrolment_id, Step.position, Message.recipient, Message.state,
            Message.due_at,
        )
        .outerjoin(Step, Step.id == Message.step_id)
        .order_by(Message.id)
    )  # fmt: skip
    enrolments = session.execute(
        select(
            Enrolment.id, Prospect.address, Enrolment.sequence_id, Enrolment.state, Enrolment.position,
            Enrolment.next_due_at, Enrolment.resumes_at, Enrolment.stop_reason,
        )
        .join(Prospect, Prospect.id == Enrolment.prospect_id)
        .order_by(Enrolment.id)
    )  # fmt: skip
    leads = session.execute(select(Lead.public_id, Lead.state, Lead.next_try_at))
    return Dump(
        messages=[MessageRow(*(getattr(one, "value", one) for one in row)) for row in messages],
        enrolments=[EnrolmentRow(*(getattr(one, "value", one) for one in row)) for row in enrolments],
        open_tasks=set(
            session.scalars(
                select(Task.enrolment_id).where(Task.done_at.is_(None), Task.enrolment_id.is_not(None))
            )
        ),
        leads={row.public_id: (row.state.value, row.next_try_at) for row in leads},
        unfinished=_unfinished(session),
    )


def _unfinished(session: Session) -> list[str]:
    erasures = session.scalars(select(Erasure.id).where(Erasure.finished_at.is_(None)))
    imports = session.scalars(select(Import.id).where(Import.state == "running"))
    mails = session.scalars(select(InboundMail.id).where(InboundMail.state == "received"))
    return [
        *(f"erasure {one}" for one in erasures),
        *(f"import {one}" for one in imports),
        *(f"mail {one}" for one in mails),
    ]
