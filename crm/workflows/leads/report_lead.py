"""The image service tells how far a lead came."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.handoff import leads
from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel.errors import CrmError, NotFoundError
from crm.kernel.faults import point


class UnreadableReportError(CrmError):
    """The body is not a report of the contract."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the service says, read."""

    lead_id: str
    said: LeadState
    at: datetime


def read_report(body: bytes) -> Report:
    """Read a report of `docs/image-service.md`; fields it does not name are passed over.

    Raises:
        UnreadableReportError: it is none.
    """
    try:
        told = json.loads(body)
        said = LeadState(told["type"])
        at = datetime.fromisoformat(told["occurred_at"])
        lead_id = str(told["lead_id"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableReportError from error
    if said not in leads.ORDER[1:] or at.tzinfo is None:
        raise UnreadableReportError
    return Report(lead_id, said, at.astimezone(UTC))


def report_lead(session: Session, webhook_id: str, report: Report, *, at: datetime) -> bool:
    """Keep a report; True when it moved the lead. The same one twice is one. Audited when it moves.

    Raises:
        NotFoundError: there is no such lead (any more).
    """
    # Locked first: the same report twice at one moment finds the other's row.
    lead = session.scalar(select(Lead).where(Lead.public_id == report.lead_id).with_for_update())
    if lead is None:
        raise NotFoundError
    if leads.is_known_report(session, webhook_id):
        return False
    row = LeadReport(
        webhook_id=webhook_id, lead_id=lead.id, kind=report.said, happened_at=report.at, received_at=at
    )
    moved = leads.report(session, lead, report.said, row, at=at)
    point("report.mid")
    if moved:
        chain.append(
            session,
            actor=chain.PROGRAM,
            action="lead.reported",
            object=f"lead {lead.id}",
            detail={"said": report.said.value},
            at=at,
        )
    return moved
