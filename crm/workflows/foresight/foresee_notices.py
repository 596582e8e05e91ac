"""Whether those who were just enrolled are told in time that we have their data (GDPR article 14).

The first mail carries the notice, and mail leaves at its mailbox's pace: many people behind a small cap are
stopped as overdue, one by one, weeks later. A rehearsal knows it on the day they are enrolled.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Mailbox
from crm.delivery.pacing import Pace
from crm.kernel.settings import Settings
from crm.permission.moments import notice_deadline
from crm.permission.reasons import Reason
from crm.prospects.models import Source
from crm.queries.gate.house import house
from crm.queries.sending.paces import paces
from crm.sequences.models import Enrolment, EnrolmentState, Sequence
from crm.workflows.foresight.rehearsal_told import Happening, Rehearsal
from crm.workflows.foresight.rehearse import rehearse

DAYS: Final = 35
"""Longer than the term: whoever has no mail by then is stopped."""

_SLACK: Final = timedelta(days=10)
"""Weekends and holidays, where it is reckoned without a rehearsal."""


@dataclass(frozen=True, slots=True)
class TooLate:
    """How many would be stopped before their first mail, and what would mend it."""

    number: int
    """Of those who were asked about."""

    of: int
    mailbox: str
    cap: int
    """Mails a day."""

    cap_needed: int
    """So many a day would do, as far as one can tell from the pace."""

    cap_at_most: int
    """More than this no mailbox may send."""

    @property
    def in_time(self) -> int:
        """Those who get their first mail while it may still be the notice."""
        return self.of - self.number

    @property
    def mailboxes_needed(self) -> int:
        """At the highest cap."""
        return -(-self.cap_needed // self.cap_at_most)


def foresee_notices(
    session: Session, sequence_id: int, prospect_ids: Collection[int], *, now: datetime, settings: Settings
) -> TooLate | None:
    """Those of the enrolled who would be too late at this pace; None when all are in time.

    Plays the next weeks of the sequence, unless a look at the queue shows that there is time enough.
    """
    wanted = set(prospect_ids)
    mailbox = session.scalar(
        select(Mailbox).join(Sequence, Sequence.mailbox_id == Mailbox.id).where(Sequence.id == sequence_id)
    )
    if mailbox is None or not wanted:
        return None
    budgets = house(session, settings).budgets
    pace = paces(session)[mailbox.id]
    first = session.scalar(
        select(func.min(Source.obtained_on))
        .join(Enrolment, Enrolment.prospect_id == Source.prospect_id)
        .where(Enrolment.sequence_id == sequence_id, Enrolment.state == EnrolmentState.RUNNING)
    )
    if first is None:
        return None
    last_day = notice_deadline(first, budgets.notice_days)
    if now.date() + _lasts(_queue(session, mailbox.id), pace) < last_day:
        return None
    late = _late(rehearse(session, sequence_id, None, now=now, settings=settings, days=DAYS)) & wanted
    if not late:
        return None
    in_time = max(len(wanted) - len(late), 1)
    return TooLate(
        number=len(late),
        of=len(wanted),
        mailbox=mailbox.address,
        cap=pace.daily_cap,
        cap_needed=-(-pace.daily_cap * len(wanted) // in_time),
        cap_at_most=budgets.mails_a_mailbox_day_at_most,
    )


def _queue(session: Session, mailbox_id: int) -> int:
    """Who is on their way from a mailbox."""
    query = (
        select(func.count())
        .select_from(Enrolment)
        .join(Sequence, Sequence.id == Enrolment.sequence_id)
        .where(Sequence.mailbox_id == mailbox_id, Enrolment.state == EnrolmentState.RUNNING)
    )
    return session.scalar(query) or 0


def _lasts(queue: int, pace: Pace) -> timedelta:
    """How long a mail to each takes at most, at the pace of the first day."""
    a_day = pace.ramp_start if pace.is_ramping else pace.daily_cap
    working_days = -(-queue // max(a_day, 1))
    return timedelta(days=-(-working_days * 7 // 5)) + _SLACK


def _late(told: Rehearsal) -> set[int]:
    code = Reason.NOTICE_OVERDUE.value
    return {
        one.prospect_id for one in told.events if one.what is Happening.STOPPED and code in one.detail.split()
    }
