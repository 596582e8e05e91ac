"""Somebody at a company answered or complained: its people wait until a colleague of ours has looked (B4)."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from crm.conversations import tasks
from crm.delivery import outbox
from crm.kernel.domains import registrable_domain
from crm.prospects.models import Company, Prospect
from crm.sequences import pauses
from crm.sequences.models import Enrolment, StopReason


class _Why(NamedTuple):
    detail: str
    """Beside the reason of the pause."""

    title: str
    key: str


_ANSWERED: Final = _Why(
    "colleague_answered", "Somebody else at this company answered us. Go on with this sequence?", "colleague"
)
_REPORTED: Final = _Why(
    "company_reported",
    "Somebody at this company may have marked a mail of ours as spam. Go on with this sequence?",
    "reported",
)


def hold_colleagues(session: Session, prospect_id: int | None, host: str, *, now: datetime) -> int:
    """Pause everybody else at the company of whoever wrote, known or not; how many sequences."""
    people = colleagues(prospect_id, host)
    return _hold(session, people, _ANSWERED, now=now) if people is not None else 0


def hold_company(session: Session, company_id: int, *, now: datetime) -> int:
    """Pause everybody at a company about which a spam report speaks that names nobody; how many sequences."""
    return _hold(session, everybody(company_id), _REPORTED, now=now)


def everybody(company_id: int) -> Select[int]:
    """The people of a company."""
    return select(Prospect.id).where(Prospect.company_id == company_id)


def colleagues(prospect_id: int | None, host: str) -> Select[int] | None:
    """Everybody else at the company of whoever wrote, of a stranger by the domain they wrote from.

    None where there is no company: nobody's and everybody's domains (freemail) are none.
    """
    if prospect_id is not None:
        company = select(Prospect.company_id).where(Prospect.id == prospect_id).scalar_subquery()
        return select(Prospect.id).where(Prospect.company_id == company, Prospect.id != prospect_id)
    domain = registrable_domain(host)
    if domain is None:
        return None
    people = select(Prospect.id).join(Company, Company.id == Prospect.company_id)
    return people.where(Company.domain == domain)


def _hold(session: Session, people: Select[int], why: _Why, *, now: datetime) -> int:
    how: pauses.Pausing = {"at": now, "detail": why.detail}
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
            why.title,
            dedupe_key=f"{why.key}:{row.id}:{now.date().isoformat()}",
            now=now,
            enrolment_id=row.id,
            assignee_id=row.enrolled_by,
            again=True,
        )
    return held
