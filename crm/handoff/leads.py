"""Leads: made once, handed over until the service has acknowledged, and only ever moved forward."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel.prepared import Prepared

_leads = Lead.metadata.tables["leads"]
_l = _leads.c

CODE_LIFE: Final = timedelta(days=90)
"""A sign-up code is good for this long (D6)."""

RETRIES: Final = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""Waits before another try, give or take a fifth (`docs/image-service.md`); then a person decides."""

LEASE: Final = timedelta(seconds=60)
"""Real time a worker has for one try, which takes at most 20 seconds."""

ORDER: Final = (
    LeadState.HANDED_OVER,
    LeadState.SIGNED_UP,
    LeadState.FIRST_IMAGE,
    LeadState.PAID,
    LeadState.CLOSED,
)
"""What reports may say, each further than the one before (I26)."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A lead in a worker's hands."""

    id: int
    public_id: str
    prospect_id: int
    body: bytes
    attempt: int


def frozen_body(
    *,
    lead_id: str,
    code_digest: str,
    created_at: datetime,
    expires_at: datetime,
    language: str,
    company: Mapping[str, str],
) -> bytes:
    """What the image service is told, byte for byte the same for ever: no person, no address."""
    told = {
        "lead_id": lead_id,
        "created_at": _instant(created_at),
        "code_digest": code_digest,
        "expires_at": _instant(expires_at),
        "language": language,
        "company": {key: value for key, value in company.items() if value},
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _instant(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def of_prospect(session: Session, prospect_id: int) -> Lead | None:
    """The lead of a prospect; there is at most one."""
    return session.scalar(select(Lead).where(Lead.prospect_id == prospect_id))


_CLAIM_NEXT: Final = Prepared(
    update(_leads)
    .where(
        _l.id
        == select(_l.id)
        .where(_l.state == LeadState.QUEUED, _l.next_try_at <= bindparam("now"))
        .order_by(_l.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery(),
        _l.state == LeadState.QUEUED,
    )
    .values(claim_id=bindparam("claim"), attempt=_l.attempt + 1, next_try_at=bindparam("then"))
    .returning(_l.id, _l.public_id, _l.prospect_id, _l.body, _l.attempt)
)


def claim_next(session: Session, *, claim_id: str, now: datetime) -> Claimed | None:
    """Take the lead that has waited longest, for one try; `now` is real time.

    A try that died is taken up again after its lease: the service knows the key, so that is safe (I25).
    """
    taken = _CLAIM_NEXT.rows(session, claim=claim_id, now=now, then=now + LEASE)
    return Claimed(*taken[0]) if taken else None


def settle(  # noqa: PLR0913 - all by name
    session: Session,
    lead: Claimed,
    state: LeadState,
    *,
    claim_id: str,
    outcome: str,
    at: datetime,
    remote_id: str = "",
) -> bool:
    """Note a final answer; False when another worker was first. `at` is calendar time."""
    handed = {"handed_over_at": at, "remote_id": remote_id} if state is LeadState.HANDED_OVER else {}
    changed = session.scalars(
        update(Lead)
        .where(Lead.id == lead.id, Lead.claim_id == claim_id, Lead.state == LeadState.QUEUED)
        .values(state=state, outcome=outcome, next_try_at=None, claim_id=None, changed_at=at, **handed)
        .returning(Lead.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None


def postpone(
    session: Session, lead: Claimed, *, claim_id: str, outcome: str, wait: timedelta | None, now: datetime
) -> bool:
    """Plan another try; False when there were enough and a person must look. `now` is real time."""
    again = lead.attempt <= len(RETRIES)
    next_try_at = now + (wait or _with_jitter(RETRIES[lead.attempt - 1])) if again else None
    session.execute(
        update(Lead)
        .where(Lead.id == lead.id, Lead.claim_id == claim_id, Lead.state == LeadState.QUEUED)
        .values(next_try_at=next_try_at, outcome=outcome, claim_id=None)
        .execution_options(synchronize_session=False)
    )
    return again


def try_again(session: Session, lead_id: int, *, now: datetime) -> bool:
    """A person asks for another round of tries; `now` is real time."""
    stuck = or_(Lead.state == LeadState.REFUSED, Lead.next_try_at.is_(None))
    changed = session.scalars(
        update(Lead)
        .where(Lead.id == lead_id, stuck, Lead.state.in_([LeadState.QUEUED, LeadState.REFUSED]))
        .values(state=LeadState.QUEUED, attempt=0, next_try_at=now, outcome="")
        .returning(Lead.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None


def report(session: Session, lead: Lead, said: LeadState, report_row: LeadReport, *, at: datetime) -> bool:
    """Keep a report and move the lead forward if it says more than we knew; True when it did."""
    session.add(report_row)
    session.flush()
    known = ORDER.index(lead.state) if lead.state in ORDER else -1
    if ORDER.index(said) <= known:
        return False
    lead.state, lead.changed_at, lead.next_try_at = said, at, None
    lead.handed_over_at = lead.handed_over_at or at
    session.flush()
    return True


def is_known_report(session: Session, webhook_id: str) -> bool:
    """Tell whether a report came before."""
    return session.scalar(select(LeadReport.id).where(LeadReport.webhook_id == webhook_id)) is not None


def usable(lead: Lead, *, at: datetime) -> bool:
    """Tell whether its code opens the sign-up: not used, not expired, and the image service knows it.

    Used before that, the code would be spent here and unknown there.
    """
    return lead.code_used_at is None and lead.code_expires_at > at and lead.handed_over_at is not None


def use_code(session: Session, digest: str, *, at: datetime) -> Lead | None:
    """Use a sign-up code up; None when it is not `usable`. Of twenty at once one gets it."""
    return session.scalar(
        update(Lead)
        .where(
            Lead.code_digest == digest,
            Lead.code_used_at.is_(None),
            Lead.code_expires_at > at,
            Lead.handed_over_at.is_not(None),
        )
        .values(code_used_at=at)
        .returning(Lead)
    )


def by_code(session: Session, digest: str) -> Lead | None:
    """The lead whose code has this digest, used or not."""
    return session.scalar(select(Lead).where(Lead.code_digest == digest))


def _with_jitter(wait: timedelta) -> timedelta:
    return wait * (0.8 + secrets.randbelow(401) / 1000)


def language_of(lead: Lead) -> str:
    """The language the lead's body names."""
    told: dict[str, str] = json.loads(lead.body)
    return told["language"]
