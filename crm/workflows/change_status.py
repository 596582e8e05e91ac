"""A colleague says how far we are with somebody."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.kernel.errors import NotFoundError
from crm.prospects import statuses
from crm.prospects.models import Prospect, Status


def change_status(
    session: Session, prospect_id: int, to: Status, *, by: int, at: datetime, because: str = "by_staff"
) -> bool:
    """Set a status by hand, in any direction; False when it was that already.

    Only the status: who says "lost" or "meeting" may also want the sequence stopped, which is another act.

    Raises:
        NotFoundError: there is no such prospect.
    """
    if session.get(Prospect, prospect_id) is None:
        raise NotFoundError
    return statuses.move(session, prospect_id, to, at=at, by=by, because=because)
