"""What a provider's event means for somebody: the same as from a reply, a page or a mail that came back."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import outbox
from crm.delivery.event_ports import Drop, Report
from crm.delivery.events import About, Waiting
from crm.permission.terms import AddressState
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Key, Wish
from crm.sequences import endings, enrolments
from crm.sequences.models import StopReason
from crm.workflows.holding.stop_mailbox import stop_mailbox
from crm.workflows.refusals.refuse import Desk, Mailbox, write
from crm.workflows.reports.note_bounce import Refused, Returned, address_is_dead, note_bounce
from crm.workflows.reports.note_reported_opening import note_reported_opening
from crm.workflows.sending import not_left

QUOTA: Final = "provider_quota"
"""Why a mailbox was paused: what the account may send is used up."""

_REPORTS: Final = {one.value: one for one in Report}
_REASONS: Final = {
    Report.SPAM_REPORT: RefusalReason.COMPLAINT,
    Report.UNSUBSCRIBE: RefusalReason.UNSUBSCRIBE,
}
_DROPPED_NO: Final = {
    Drop.COMPLAINED: RefusalReason.COMPLAINT,
    Drop.UNSUBSCRIBED: RefusalReason.UNSUBSCRIBE,
}
_DEAD: Final = {Drop.BOUNCED: AddressState.BOUNCED, Drop.INVALID: AddressState.INVALID}


def report_of(one: Waiting) -> Report:
    """What it says happened."""
    return _REPORTS.get(one.kind, Report.OTHER)


def reason_of(one: Waiting) -> RefusalReason | None:
    """The no in an event: as such, or as the reason for which the provider did not try."""
    report = report_of(one)
    if report is Report.DROPPED:
        return _DROPPED_NO.get(Drop(one.code))
    return _REASONS.get(report)


def follow(session: Session, desk: Desk, one: Waiting, message: About, now: datetime) -> None:
    """What an event means for the reader of its message, after everything it proves is written down."""
    mail = Returned(message.public_id, message.prospect_id, message.enrolment_id)
    report = report_of(one)
    if report in {Report.BOUNCE, Report.BLOCKED}:
        note_bounce(session, mail, Refused.read(one.code), now=now)
    elif report is Report.DROPPED:
        _dropped(session, one, message, mail, now)
    elif report is Report.OPEN:
        note_reported_opening(session, desk.ring, message, one.code, at=one.happened_at)
    write_no(session, desk, one, message, now)


def _dropped(session: Session, one: Waiting, message: About, mail: Returned, now: datetime) -> None:
    """The provider did not try: a definite no to this message, and sometimes news about its reader."""
    drop = Drop(one.code)
    not_left.tell(session, [message.id], now=now)
    if message.enrolment_id is not None:
        series = [message.enrolment_id]
        enrolments.stop(session, series, StopReason.REJECTED, at=now, detail=f"dropped {drop}")
        outbox.cancel_due(session, enrolment_ids=series, reason=StopReason.REJECTED.value, at=now)
    if drop in _DEAD:
        address_is_dead(session, mail, _DEAD[drop], now=now)
    if drop is Drop.QUOTA:
        stop_mailbox(session, message.mailbox_id, cause=QUOTA, now=now)


def write_no(session: Session, desk: Desk, one: Waiting, message: About | None, now: datetime) -> None:
    """Write a no down for the mailbox it is about: that of our message, else the one that was named."""
    reason = reason_of(one)
    if reason is None:
        return
    named: tuple[Key, ...] = tuple((key[0], key[1]) for key in one.names.get("keys", ()))
    names = named
    if message is not None:
        own: Key = (message.address_digest, desk.ring.version)
        names = named if message.address_digest in {digest for digest, _ in named} else (own,)
    if not names:
        return
    wish = Wish(
        scope=RefusalScope.ADDRESS,
        reason=reason,
        channel="hook",
        at=min(one.happened_at, now),
        message=message.public_id[:16] if message is not None else "",
    )
    write(session, desk, Mailbox(names), wish, by=chain.PERSON)
    if message is not None:
        endings.outrank(session, message.enrolment_id, StopReason.REFUSED)
