"""A provider says that a mail was opened. Counted like a pixel's, and no more (D4)."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from crm.delivery.events import About
from crm.kernel.digests import AddressKeys
from crm.kernel.mail import TrackingMode
from crm.queries.inbox.openings import Register, measured
from crm.tracking import openings
from crm.tracking.models import OpeningClass
from crm.tracking.openings import MOST, REPEAT, Row


def note_reported_opening(
    session: Session, ring: AddressKeys, message: About, opened_by: str, *, at: datetime
) -> bool:
    """Keep it where the message has a pixel of its own and its reader did not object; True when it was kept.

    Its own pixel has usually noted the same opening: within a minute they are one. No place on the net and
    no program is kept, the provider's word for who it was is enough.
    """
    if message.tracking is not TrackingMode.INDIVIDUAL or message.pixel_id is None:
        return False
    register = Register(ring)
    register.read_on(session)
    allowed = measured(session, register, [message.pixel_id], recent=at - timedelta(days=1))
    if message.pixel_id not in allowed:
        return False
    before = openings.of_messages(session, [message.id]).get(message.id, [])
    if len(before) >= MOST or any(abs(one.opened_at - at) < REPEAT for one in before):
        return False
    openings.keep(session, [Row(message.id, at, "", None, OpeningClass(opened_by))])
    return True
