"""Pause one person's sequence, a sequence, a mailbox or everything; and let it go on (I12). Audited."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.conversations import tasks
from crm.delivery import mailboxes
from crm.kernel.clock import Clock
from crm.kernel.db import Database
from crm.kernel.errors import NotFoundError
from crm.kernel.faults import point
from crm.operations import alarms, pause_ends, switches
from crm.queries.sending.leaving import Reach, Scope, leaving
from crm.sequences import pauses
from crm.sequences.models import Enrolment, Sequence, StopReason
from crm.workflows.holding import resume as going_on
from crm.workflows.refusals.patience import PATIENCE, still_leaving

log = logging.getLogger(__name__)

BY_STAFF = "by_staff"


@dataclass(frozen=True, slots=True)
class Desk:
    """What pausing takes."""

    database: Database
    real: Clock
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants it, and why."""

    by: chain.Actor
    at: datetime
    reason: str = ""
    """What a colleague typed; for everybody's eyes."""

    until: datetime | None = None
    """When the pause ends by itself; None: when somebody lets it go on."""

    cause: str = BY_STAFF
    """A code: why a mailbox is paused."""


@dataclass(frozen=True, slots=True)
class Paused:
    """What somebody who paused may be told."""

    changed: bool
    """False: it was paused (or over) before."""

    leaving: tuple[str, ...]
    """Messages that were in a worker's hands, and may still arrive."""

    @property
    def is_final(self) -> bool:
        """No hand-off in the scope starts from now on."""
        return not self.leaving


def pause(desk: Desk, scope: Scope, wish: Wish) -> Paused:
    """Write the flag, commit, and only then look for what is leaving, for two seconds at most.

    A worker commits its claim and reads the flags; we commit the flag and read the claims: at least one of
    the two sees the other.

    Raises:
        NotFoundError: there is no such mailbox, sequence or enrolment.
    """
    with desk.database.transaction() as session:
        changed = write(session, scope, wish)
        point("pause.before_commit")
    point("pause.after_commit")

    def look() -> list[str]:
        with desk.database.reading() as session:
            return leaving(session, scope, real_now=desk.real())

    found = still_leaving(look, pause=desk.pause, patience=desk.patience)
    if found:
        _note_leaving(desk, scope, wish, found)
    return Paused(changed, tuple(found))


def write(session: Session, scope: Scope, wish: Wish) -> bool:
    """Write the flag, for workflows that have a transaction open; False when it was paused before.

    Raises:
        NotFoundError: there is no such mailbox, sequence or enrolment.
    """
    _must_hold(session, scope)
    changed = _set(session, scope, wish)
    if scope.reach is not Reach.ENROLMENT and (changed or wish.until is None):
        # What waits for somebody outlasts an end, also where it was paused before.
        pause_ends.put(session, str(scope), wish.until, by=wish.by.id)
    if changed:
        chain.append(
            session,
            actor=wish.by,
            action=f"{scope.reach.value}.paused",
            object=str(scope),
            detail={"until": wish.until.isoformat()} if wish.until else None,
            at=wish.at,
        )
    return changed


def resume(session: Session, scope: Scope, wish: Wish) -> bool:
    """Let it go on; False when nothing was paused. Audited.

    What is too late by then (`late_working_days`) becomes a question, not a mail.

    Raises:
        NotFoundError: there is no such mailbox, sequence or enrolment.
    """
    _must_hold(session, scope)
    pause_ends.put(session, str(scope), None, by=wish.by.id)
    changed = _unset(session, scope, wish)
    alarms.let_go(session, str(scope), by=wish.by.id, at=wish.at)
    if changed:
        chain.append(
            session, actor=wish.by, action=f"{scope.reach.value}.resumed", object=str(scope), at=wish.at
        )
    return changed


def _set(session: Session, scope: Scope, wish: Wish) -> bool:
    match scope.reach:
        case Reach.EVERYTHING:
            was = switches.is_on(session, switches.PAUSED)
            switches.turn(
                session, switches.PAUSED, on=True, by=wish.by.id, at=wish.at, reason=wish.reason[:300]
            )
            return not was
        case Reach.MAILBOX:
            why = f"{wish.cause} {wish.reason}".strip()
            return mailboxes.pause(session, scope.id, reason=why, at=wish.at)
        case Reach.SEQUENCE:
            return _turn_sequence(session, scope.id, paused_at=wish.at)
        case Reach.ENROLMENT:
            held = pauses.hold(session, [scope.id], StopReason.BY_STAFF, at=wish.at, resumes_at=wish.until)
            return held > 0


def _unset(session: Session, scope: Scope, wish: Wish) -> bool:
    match scope.reach:
        case Reach.EVERYTHING:
            was = switches.is_on(session, switches.PAUSED)
            switches.turn(session, switches.PAUSED, on=False, by=wish.by.id, at=wish.at)
            return was
        case Reach.MAILBOX:
            return mailboxes.resume(session, scope.id)
        case Reach.SEQUENCE:
            return _turn_sequence(session, scope.id, paused_at=None)
        case Reach.ENROLMENT:
            went_on = going_on.resume(session, [scope.id], now=wish.at) > 0
            if went_on:
                tasks.answer(session, scope.id, by=wish.by.id, at=wish.at)
            return went_on


def _turn_sequence(session: Session, sequence_id: int, *, paused_at: datetime | None) -> bool:
    """Only when it changes anything: the moment of the first pause stays."""
    other = Sequence.paused_at.is_(None) if paused_at else Sequence.paused_at.is_not(None)
    turned = session.scalars(
        update(Sequence)
        .where(Sequence.id == sequence_id, other)
        .values(paused_at=paused_at)
        .returning(Sequence.id)
        .execution_options(synchronize_session=False)
    )
    return turned.one_or_none() is not None


def hold(session: Session, scope: Scope) -> bool:
    """Let nobody else pause it, let it go on or move its end until we commit; False: there is no such thing.

    Before its end is looked at. Without it, whoever pauses what is just let go on finds it paused, waits for
    nobody, and both commit: it runs. An enrolment is held where it is changed.
    """
    match scope.reach:
        case Reach.EVERYTHING:
            switches.hold(session)
            return True
        case Reach.MAILBOX:
            return mailboxes.hold(session, scope.id)
        case Reach.SEQUENCE:
            row = select(Sequence.id).where(Sequence.id == scope.id)
            return session.scalar(row.with_for_update(key_share=True)) is not None
        case Reach.ENROLMENT:
            return session.scalar(select(Enrolment.id).where(Enrolment.id == scope.id)) is not None


def _must_hold(session: Session, scope: Scope) -> None:
    if not hold(session, scope):
        raise NotFoundError


def _note_leaving(desk: Desk, scope: Scope, wish: Wish, found: list[str]) -> None:
    """Keep the ids of what may still arrive. The pause stands already, so failing here must not unsay it."""
    try:
        with desk.database.transaction() as session:
            chain.append(
                session,
                actor=chain.PROGRAM,
                action="pause.in_flight",
                object=str(scope),
                detail={"messages": found},
                at=wish.at,
            )
    except (OSError, SQLAlchemyError):
        log.exception("a message in flight could not be noted")
