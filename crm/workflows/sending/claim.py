"""Claim what is due: one short transaction, with the cap's slots and the gap reserved in it (D1, I06)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import caps, claims, mailboxes, outbox
from crm.delivery.claims import BATCH, LEASE, Claim
from crm.delivery.mailboxes import Outlet
from crm.delivery.outbox import UNASKED
from crm.delivery.pacing import is_free, wait_after
from crm.kernel.db import Database
from crm.kernel.faults import point
from crm.kernel.ids import new_public_id
from crm.kernel.mail import MailKind
from crm.kernel.settings import Settings
from crm.queries.gate.house import house
from crm.queries.sending.outgoing import Candidate, candidates
from crm.queries.sending.paces import open_outlets
from crm.sequences import enrolments, order
from crm.sequences.planner import is_too_late, release_at

SERVICE: Final = frozenset(MailKind) - UNASKED
"""Mail that somebody waits for: no cap, no gap, no office hours."""

EVERY_KIND: Final = frozenset(MailKind)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one claim holds."""

    claim: Claim
    ids: tuple[int, ...]
    """In the order they were due."""

    moved: int = 0
    """Due, but the recipient's office is closed: put off to its next opening, without a slot."""

    spaced: tuple[Outlet, ...] = ()
    """Mailboxes of which it has the turn: what leaves them keeps the next mail waiting."""


def claim_batch(
    database: Database,
    settings: Settings,
    *,
    now: datetime,
    real_now: datetime,
    limit: int = BATCH,
    speed: float = 1.0,
) -> Batch:
    """Take up to `limit` due messages for ourselves; nothing while everything is paused or not armed.

    `speed` turns the lease, in real time, into calendar time: a mailbox's gap is kept by the calendar.
    """
    claim = Claim(new_public_id(), real_now + LEASE)

    def take(session: Session) -> Batch:
        batch = _claim(session, settings, claim, now=now, limit=limit, lease=LEASE * speed)
        point("claim.before_commit")
        return batch

    batch = database.repeated(take)
    point("claim.after_commit")
    return batch


def _claim(
    session: Session, settings: Settings, claim: Claim, *, now: datetime, limit: int, lease: timedelta
) -> Batch:
    at_home = house(session, settings)
    if not at_home.may_send:
        return Batch(claim, ())
    ids: list[int] = []
    spaced: list[Outlet] = []
    moved = 0
    outlets = open_outlets(session)
    share = max(limit // max(len(outlets), 1), 1)
    for outlet in outlets:
        desk = _Desk(session, outlet, claim, now, lease, at_home.budgets.late_working_days)
        found = _of_outlet(desk, min(share, limit - len(ids)))
        suspect = next((one for one in found if one.has_crashed), None)
        if suspect is not None:
            # Alone: should it crash again, nothing else can have been the cause, and nothing else is held up.
            found = [one for one in found if not one.has_crashed] if ids else [suspect]
        taken, put_off = _take(desk, found)
        ids += taken
        moved += put_off
        if taken and outlet.pace.is_spaced:
            spaced.append(outlet)
        if taken and suspect in found:
            break
    return Batch(claim, tuple(ids), moved, tuple(spaced))


@dataclass(frozen=True, slots=True)
class _Desk:
    """One mailbox, in one claim."""

    session: Session
    outlet: Outlet
    claim: Claim
    now: datetime
    lease: timedelta
    """Calendar time."""

    late: int
    """Working days after which a step becomes a task."""

    @property
    def day(self) -> date:
        return caps.day_of(self.now, self.outlet.time_zone)

    def allowed(self) -> int:
        return caps.allowed(self.session, self.outlet.id, self.day, self.outlet.pace)

    def due(self, kinds: Collection[MailKind], limit: int) -> list[Candidate]:
        return candidates(self.session, self.outlet.id, now=self.now, kinds=kinds, limit=limit)


def _of_outlet(desk: _Desk, limit: int) -> list[Candidate]:
    """What is due there. After the day's cap, and before the gap is over, only what somebody waits for."""
    if limit <= 0:
        return []
    outlet, cap = desk.outlet, desk.allowed()
    if not is_free(outlet.free_at, desk.now) or not caps.left(desk.session, outlet.id, desk.day, cap=cap):
        return desk.due(SERVICE, limit)
    if not outlet.pace.is_spaced:
        return desk.due(EVERY_KIND, limit)
    # One leaves now: a colleague's own mail goes before those that wait in line.
    first = desk.due(SERVICE | {MailKind.MANUAL}, limit)
    return first + desk.due({MailKind.OUTREACH}, limit - len(first))


def _take(desk: _Desk, found: Sequence[Candidate]) -> tuple[list[int], int]:
    """Claim what may leave at this hour, as far as cap and gap go; the rest waits for an opening."""
    session, now = desk.session, desk.now
    openings = {one.id: _opening(one, now) for one in found if one.kind in UNASKED}
    closed = {message_id: at for message_id, at in openings.items() if at > now}
    moved = _put_off(desk, [one for one in found if one.id in closed], closed)
    unasked = [one.id for one in found if one.id in openings and one.id not in closed]
    asked = [one.id for one in found if one.id not in openings]
    taken = _unasked(desk, unasked) if unasked else []
    taken += claims.take(session, asked, desk.claim, cap_day=None, now=now)
    return [one.id for one in found if one.id in set(taken)], moved


def _unasked(desk: _Desk, ids: Sequence[int]) -> list[int]:
    """Claim mail that nobody asked for, each with a slot of the day; where there is a gap, one."""
    session, outlet, day = desk.session, desk.outlet, desk.day
    wanted = 1 if outlet.pace.is_spaced else len(ids)
    granted = caps.reserve(session, outlet.id, day, wanted=wanted, cap=desk.allowed())
    if outlet.pace.is_spaced and granted and not _turn(desk):
        caps.give_back(session, [(outlet.id, day)])
        return []
    point("cap.after_reserve")
    taken = claims.take(session, ids[:granted], desk.claim, cap_day=day, now=desk.now)
    if len(taken) < granted:
        caps.give_back(session, [(outlet.id, day)] * (granted - len(taken)))
        mailboxes.end_turn(session, outlet.id, desk.claim.id, free_at=None)
    return taken


def _turn(desk: _Desk) -> bool:
    """Take the mailbox's turn: until the lease is over and the wait after it, should we never be heard of."""
    until = desk.now + desk.lease + rest_after(desk.session, desk.outlet, desk.day)
    return mailboxes.take_turn(desk.session, desk.outlet.id, desk.claim.id, until=until, now=desk.now)


def rest_after(session: Session, outlet: Outlet, day: date) -> timedelta:
    """How long the mailbox rests after the newest of its slots."""
    number = caps.used(session, outlet.id, day)
    return wait_after(outlet.pace, mailbox_id=outlet.id, day=day, number=number)


def _put_off(desk: _Desk, found: Sequence[Candidate], opening: Mapping[int, datetime]) -> int:
    """Until the office opens; how many. Steps are written anew by then, with that day's date; the rest waits.

    Somebody else may have an enrolment in hand and wait for the messages we hold: the next claim sees to it.
    """
    whose = [one.enrolment_id for one in found if one.enrolment_id is not None]
    free = order.lock_free(desk.session, whose)
    steps = {one.enrolment_id: opening[one.id] for one in found if one.enrolment_id in free}
    if steps:
        outbox.take_back(desk.session, enrolment_ids=list(steps))
        enrolments.wait_until(desk.session, steps, late_from=_late(found, opening, desk.late))
    alone = {one.id: opening[one.id] for one in found if one.enrolment_id is None}
    outbox.move(desk.session, alone, outcome="closed", now=desk.now)
    return len(steps) + len(alone)


def _late(found: Sequence[Candidate], opening: Mapping[int, datetime], after: int) -> dict[int, datetime]:
    """Since when steps are late that waited for us, or are too late by the opening, after a standstill.

    A person is asked about them then.
    """
    return {
        one.enrolment_id: one.late_from or one.due_at
        for one in found
        if one.enrolment_id is not None
        and (
            one.late_from is not None
            or is_too_late(
                one.due_at, opening[one.id], zone=one.zone, country=one.country or None, after=after
            )
        )
    }


def _opening(one: Candidate, now: datetime) -> datetime:
    # By the enrolment, not by the message: what is made anew has another id, and a forecast knows of none.
    return release_at(now, zone=one.zone, country=one.country or None, seed=one.enrolment_id or one.id)
