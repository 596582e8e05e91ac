"""A colleague says how far we are with somebody."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.delivery import outbox
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import MailKind
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status
from crm.sequences import enrolments, order
from crm.sequences.models import StopReason

ENDS: Final[Mapping[Status, StopReason]] = {
    Status.MEETING: StopReason.MEETING,
    Status.CONVERTED: StopReason.CONVERTED,
    Status.LOST: StopReason.BY_STAFF,
}
"""What ends every sequence, and why: a prepared text would only disturb."""


def change_status(
    session: Session, prospect_id: int, to: Status, *, by: int, at: datetime, because: str = "by_staff"
) -> int:
    """Set a status by hand, in any direction; how many sequences it ended.

    A meeting, a yes and a lost prospect end what runs for them; a mail that a worker already holds may
    still leave. Back to an earlier stage starts nothing again.

    Raises:
        NotFoundError: there is no such prospect.
    """
    if session.get(Prospect, prospect_id) is None:
        raise NotFoundError
    order.lock_of(session, [prospect_id])
    statuses.move(session, prospect_id, to, at=at, by=by, because=because)
    return end_series(session, prospect_id, to, at=at)


def end_series(session: Session, prospect_id: int, reached: Status, *, at: datetime) -> int:
    """Stop whatever runs for somebody who got that far, and take back what waits; how many sequences."""
    reason = ENDS.get(reached)
    if reason is None:
        return 0
    stopped = enrolments.stop_all(session, [prospect_id], reason, at=at)
    outbox.cancel_due(
        session, prospect_ids=[prospect_id], kinds={MailKind.OUTREACH}, reason=reason.value, at=at
    )
    return stopped
