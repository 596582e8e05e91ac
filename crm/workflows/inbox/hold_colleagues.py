"""Somebody at a company answered: its other people wait until a colleague of ours has looked (B4)."""

from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import outbox
from crm.kernel.domains import registrable_domain
from crm.prospects.models import Company, Prospect
from crm.sequences import pauses
from crm.sequences.models import Enrolment, StopReason

DETAIL: Final = "colleague_answered"
"""Beside the reason of the pause."""

_TITLE: Final = "Somebody else at this company answered us. Go on with this sequence?"


def hold_colleagues(session: Session, prospect_id: int | None, host: str, *, now: datetime) -> int:
    """Pause everybody else at the company of whoever wrote, known or not; how many sequences."""
    if prospect_id is not None:
        return hold_colleagues_of(session, prospect_id, now=now)
    return hold_company_at(session, host, now=now)


def hold_colleagues_of(session: Session, prospect_id: int, *, now: datetime) -> int:
    """Pause everybody else at the company of somebody who wrote; how many sequences."""
    company = select(Prospect.company_id).where(Prospect.id == prospect_id).scalar_subquery()
    others = select(Prospect.id).where(Prospect.company_id == company, Prospect.id != prospect_id)
    return _hold(session, others, now=now)


def hold_company_at(session: Session, host: str, *, now: datetime) -> int:
    """Pause everybody at the company whose domain a stranger wrote from; how many sequences.

    Nobody's and everybody's domains (freemail) are no company.
    """
    domain = registrable_domain(host)
    if domain is None:
        return 0
    people = select(Prospect.id).join(Company, Company.id == Prospect.company_id)
    return _hold(session, people.where(Company.domain == domain), now=now)


def _hold(session: Session, people: Select[int], *, now: datetime) -> int:
    how: pauses.Pausing = {"at": now, "detail": DETAIL}
    running = session.execute(
        select(Enrolment.id, Enrolment.prospect_id, Enrolment.enrolled_by).where(
            Enrolment.prospect_id.in_(people), pauses.goes_on(how)
        )
    ).all()
    ids = [row.id for row in running]
    held = pauses.hold(session, ids, StopReason.IN_DOUBT, **how)
    outbox.take_back(session, enrolment_ids=ids)
    for row in running:
        tasks.ask(
            session,
            row.prospect_id,
            _TITLE,
            dedupe_key=f"colleague:{row.id}:{now.date().isoformat()}",
            now=now,
            enrolment_id=row.id,
            assignee_id=row.enrolled_by,
            again=True,
        )
    return held
