"""Claim what is due: one short transaction, with the cap's slots reserved in it (D1, I06)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import caps, claims, mailboxes, outbox
from crm.delivery.claims import BATCH, LEASE, Claim
from crm.delivery.mailboxes import Outlet
from crm.delivery.outbox import UNASKED
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.queries.house import house
from crm.queries.outgoing import Candidate, candidates
from crm.sequences import enrolments
from crm.sequences.planner import release_at

SERVICE: Final = frozenset(MailKind) - UNASKED
"""Mail that somebody waits for: no cap, no office hours."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim holds."""

    claim: Claim
    ids: tuple[int, ...]
    """In the order they were due."""

    moved: int = 0
    """Due, but the recipient's office is closed: put off to its next opening, without a slot."""


def claim_batch(
    database: Database, settings: Settings, *, now: datetime, real_now: datetime, limit: int = BATCH
) -> Batch:
    """Take up to `limit` due messages for ourselves; nothing while everything is paused or not armed."""
    claim = Claim(new_public_id(), real_now + LEASE)
    ids: list[int] = []
    moved = 0
    with database.transaction() as session:
        if not house(session, settings).may_send:
            return Batch(claim, ())
        outlets = mailboxes.open_outlets(session)
        share = max(limit // max(len(outlets), 1), 1)
        for outlet in outlets:
            found = _of_outlet(session, outlet, now, min(share, limit - len(ids)))
            taken, put_off = _take(session, outlet, found, claim, now)
            ids += taken
            moved += put_off
        point("claim.before_commit")
    point("claim.after_commit")
    return Batch(claim, tuple(ids), moved)


def _of_outlet(session: Session, outlet: Outlet, now: datetime, limit: int) -> list[Candidate]:
    """What is due there; when the day's cap is used up, only what somebody waits for."""
    if limit <= 0:
        return []
    left = caps.left(session, outlet.id, caps.day_of(now, outlet.time_zone), cap=outlet.daily_cap)
    kinds = frozenset(MailKind) if left else SERVICE
    return candidates(session, outlet.id, now=now, kinds=kinds, limit=limit)


def _take(
    session: Session, outlet: Outlet, found: Sequence[Candidate], claim: Claim, now: datetime
) -> tuple[list[int], int]:
    """Claim what may leave at this hour, as far as the cap goes; the rest waits for an opening."""
    openings = {one.id: _opening(one, now) for one in found if one.kind in UNASKED}
    closed = {message_id: at for message_id, at in openings.items() if at > now}
    _put_off(session, [one for one in found if one.id in closed], closed, now)
    unasked = [one.id for one in found if one.id in openings and one.id not in closed]
    asked = [one.id for one in found if one.id not in openings]
    day = caps.day_of(now, outlet.time_zone)
    granted = (
        caps.reserve(session, outlet.id, day, wanted=len(unasked), cap=outlet.daily_cap) if unasked else 0
    )
    taken = _claimed(session, unasked[:granted], claim, day, now)
    if len(taken) < granted:
        caps.give_back(session, [(outlet.id, day)] * (granted - len(taken)))
    taken += _claimed(session, asked, claim, None, now)
    return [one.id for one in found if one.id in set(taken)], len(closed)


def _put_off(
    session: Session, found: Sequence[Candidate], opening: Mapping[int, datetime], now: datetime
) -> None:
    """Until the office opens. Steps are written anew by then, with that day's date; the rest only waits."""
    steps = {one.enrolment_id: opening[one.id] for one in found if one.enrolment_id is not None}
    if steps:
        outbox.take_back(session, enrolment_ids=list(steps))
        enrolments.wait_until(session, steps)
    alone = {one.id: opening[one.id] for one in found if one.enrolment_id is None}
    outbox.move(session, alone, outcome="closed", now=now)


def _claimed(
    session: Session, ids: Sequence[int], claim: Claim, day: date | None, now: datetime
) -> list[int]:
    return claims.take(session, ids, claim, cap_day=day, now=now)


def _opening(one: Candidate, now: datetime) -> datetime:
    return release_at(now, zone=one.zone, country=one.country or None, seed=one.id)
