"""Forget people whose time is over: a year without an answer, two after their last one (P24)."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import outbox
from crm.kernel.faults import point
from crm.privacy import receipts
from crm.queries.inbox import person
from crm.queries.keeping import retired
from crm.sequences import enrolments, order
from crm.sequences.models import Enrolment, StopReason
from crm.workflows.refusals.erase import Shelves, carry_out
from crm.workflows.refusals.refuse import Desk
from crm.workflows.refusals.stop_writing import STOPPABLE

log = logging.getLogger(__name__)

_AT_ONCE: Final = 100
MOST: Final = 500
"""People in one run: what is left of a large import's birthday is done by the next ones."""


def retire_people(
    desk: Desk,
    shelves: Shelves,
    *,
    months: int,
    at: datetime,
    stopping: Callable[[], bool] = lambda: False,
    most: int = MOST,
) -> int:
    """Forget those who are due, as an erasure does, but without a no: they never said one; how many.

    A no of theirs that is on record stays. Interrupted anywhere, `finish_erasures` takes it up again.
    """
    done, after = 0, None
    while done < most and not stopping():
        with desk.database.reading() as session:
            found = retired.over(session, months=months, at=at, limit=min(_AT_ONCE, most - done), after=after)
        if not found:
            break
        after = found[-1]
        begun = [id_ for _, one in found if (id_ := _retire(desk, one, months=months, at=at)) is not None]
        if begun:
            point("erase.begun")
            carry_out(desk, shelves, begun, at=at)
        done += len(begun)
    if done:
        log.info("people were forgotten, their time was over", extra={"people": done})
    return done


def _retire(desk: Desk, prospect_id: int, *, months: int, at: datetime) -> int | None:
    def begin(session: Session) -> int | None:
        return _begin(session, desk, prospect_id, months=months, at=at)

    return desk.database.repeated(begin)


def _begin(session: Session, desk: Desk, prospect_id: int, *, months: int, at: datetime) -> int | None:
    """Stop first, then write down that they are to be forgotten; None when their time is not over."""
    digest = retired.digest_of(session, prospect_id)
    if digest is None:
        return None
    ids = person.find(session, desk.ring, [(digest, 0)]).prospect_ids
    order.lock_where(session, Enrolment.prospect_id.in_(ids), Enrolment.state.in_(enrolments.ACTIVE))
    if prospect_id not in ids or not retired.is_over(session, ids, months=months, at=at):
        return None
    outbox.cancel_due(session, prospect_ids=ids, kinds=STOPPABLE, reason=receipts.RETENTION, at=at)
    enrolments.stop_all(session, ids, StopReason.NOT_ALLOWED, at=at, detail=receipts.RETENTION)
    begun = receipts.begin(session, digest, channel=receipts.RETENTION, at=at)
    chain.append(session, actor=chain.PROGRAM, action="erase.due", object=f"erasure:{begun.public_id}", at=at)
    return begun.id
