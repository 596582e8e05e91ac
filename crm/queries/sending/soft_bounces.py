"""What it comes to when mail to somebody comes back for now, again and again (standards §3.5, B16)."""

from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.event_models import ProviderEvent
from crm.delivery.event_ports import Report
from crm.delivery.models import Message
from crm.permission.terms import AddressState
from crm.queries.pages.limits import budgets_held
from crm.replies.verdicts import Hardness, Sub

AMBIGUOUS_DAYS: Final = 2
"""And on so many that nobody can tell what it means."""

DISABLED_DAYS: Final = 2
"""On so many that the mailbox is switched off, for the address to be given up."""

FULL_DAYS: Final = 3
FULL_FOR: Final = timedelta(days=7)
"""On so many, and the last so long after the first, that it is full: nobody reads it any more."""

_BOUNCES: Final = (Report.BOUNCE.value, Report.BLOCKED.value)
_e = ProviderEvent.metadata.tables["provider_events"].c
_m = Message.metadata.tables["messages"].c


def after_soft_bounces(session: Session, prospect_id: int) -> AddressState | None:
    """Dead when twice switched off, or full for a week; a person's to look at after some days of anything.

    None: to be tried again. Only the last few mails count: what arrived meanwhile makes good what was. On how
    many days of how many mails is the owner's to say.
    """
    budgets = budgets_held(session)
    days = _days(session, prospect_id, of=budgets.soft_bounces_of)
    full = days.get(Sub.FULL, [])
    is_full = len(full) >= FULL_DAYS and full[-1] - full[0] >= FULL_FOR
    if is_full or len(days.get(Sub.DISABLED, [])) >= DISABLED_DAYS:
        return AddressState.BOUNCED
    any_reason = {day for some in days.values() for day in some}
    if len(any_reason) >= budgets.soft_bounces or len(days.get(Sub.AMBIGUOUS, [])) >= AMBIGUOUS_DAYS:
        return AddressState.BOUNCING
    return None


def _days(session: Session, prospect_id: int, *, of: int) -> dict[str, list[date]]:
    """The days (UTC) on which one of the last mails to somebody came back for now, by reason."""
    last = (
        select(_m.id)
        .where(_m.prospect_id == prospect_id, _m.sent_at.is_not(None))
        .order_by(_m.sent_at.desc(), _m.id.desc())
        .limit(of)
    )
    rows = session.execute(
        select(_e.code, _e.happened_at).where(
            _e.message_id.in_(last),
            _e.kind.in_(_BOUNCES),
            _e.code.startswith(f"{Hardness.SOFT.value} ", autoescape=True),
        )
    )
    found: dict[str, set[date]] = {}
    for code, moment in rows:
        found.setdefault(code.split(" ")[1], set()).add(moment.date())
    return {sub: sorted(days) for sub, days in found.items()}
