"""Take back what is planned for somebody, as far as their no reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.kernel.mail import MailKind
from crm.privacy.models import RefusalScope
from crm.privacy.register import STOPS_MAIL, Wish
from crm.sequences import enrolments, order, pauses
from crm.sequences.models import Enrolment, EnrolmentState, StopReason
from crm.workflows.planning.unplan import unplan

STOPPABLE: Final = frozenset(MailKind) - {MailKind.RIGHTS, MailKind.STAFF}
"""Kinds a no stops. An answer about their own data, and mail to staff, go out all the same."""

CODE: Final = "refused"


@dataclass(frozen=True, slots=True)
class Stopped:
    """How much was taken back."""

    messages: int = 0
    enrolments: int = 0


def stop_writing(session: Session, prospect_ids: Sequence[int], wish: Wish, *, now: datetime) -> Stopped:
    """Cancel or postpone what is planned for these people; what is on its way is not touched.

    A no to mail cancels messages and stops sequences; one to a series stops that; a snooze pauses the
    sequence until its end, and an objection to measuring plans the message anew, without a pixel. What a
    colleague wrote loses its own when it is claimed (`judge`).
    """
    if not prospect_ids:
        return Stopped()
    order.lock_where(session, Enrolment.prospect_id.in_(prospect_ids), Enrolment.state.in_(enrolments.ACTIVE))
    if wish.scope in STOPS_MAIL:
        cancelled = outbox.cancel_due(
            session, prospect_ids=prospect_ids, kinds=STOPPABLE, reason=CODE, at=now
        )
        return Stopped(
            cancelled,
            enrolments.stop_all(session, prospect_ids, StopReason.REFUSED, at=now, detail=wish.reason),
        )
    if wish.scope is RefusalScope.SEQUENCE:
        return _stop_series(session, prospect_ids, wish, now)
    if wish.scope is RefusalScope.SNOOZE:
        return _snooze(session, prospect_ids, wish, now)
    return Stopped(unplan(session, prospect_ids=prospect_ids, at=now))


def _stop_series(session: Session, prospect_ids: Sequence[int], wish: Wish, now: datetime) -> Stopped:
    series = select(Enrolment.id).where(
        Enrolment.prospect_id.in_(prospect_ids), Enrolment.sequence_id == wish.scope_id
    )
    ids = list(session.scalars(series))
    cancelled = outbox.cancel_due(session, enrolment_ids=ids, reason=CODE, at=now)
    return Stopped(cancelled, enrolments.stop(session, ids, StopReason.REFUSED, at=now, detail=wish.reason))


def _snooze(session: Session, prospect_ids: Sequence[int], wish: Wish, now: datetime) -> Stopped:
    """Hold what runs, and what would go on by itself before the snooze ends."""
    taken_back = outbox.take_back(session, prospect_ids=prospect_ids)
    paused = pauses.pause_all(session, prospect_ids, StopReason.SNOOZED, at=now, resumes_at=wish.until)
    longer = (
        update(Enrolment)
        .where(
            Enrolment.prospect_id.in_(prospect_ids),
            Enrolment.state == EnrolmentState.PAUSED,
            Enrolment.resumes_at < wish.until,
        )
        .values(stop_reason=StopReason.SNOOZED, resumes_at=wish.until, changed_at=now)
        .returning(Enrolment.id)
        .execution_options(synchronize_session=False)
    )
    return Stopped(len(taken_back), len(paused) + len(session.scalars(longer).all()))
