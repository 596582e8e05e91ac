"""What stops a mail whatever its merits: a person's no, their rights, and our own switches."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from crm.kernel.mail import MailKind
from crm.permission.case import Case
from crm.permission.facts import Refusal
from crm.permission.findings import Finding
from crm.permission.moments import bounded
from crm.permission.reasons import Reason, Weight
from crm.permission.terms import Reach

_COVERING: Final[Mapping[Reach, Reason]] = MappingProxyType(
    {
        Reach.ADDRESS: Reason.ADDRESS_REFUSED,
        Reach.DOMAIN: Reason.DOMAIN_REFUSED,
        Reach.COMPANY: Reason.COMPANY_REFUSED,
    }
)


def refusals(case: Case) -> Iterator[Finding]:
    """A no that covers this mail. A narrower one stops only what it names."""
    stopped = False
    for refusal in case.facts.refusals:
        found = _refusal(case, refusal)
        if found is not None:
            stopped = stopped or found.weight is not Weight.OK
            yield found
    if not stopped:
        yield Finding(Reason.NOT_REFUSED, Weight.OK)


def _refusal(case: Case, refusal: Refusal) -> Finding | None:
    kind = case.facts.kind
    if refusal.reach in _COVERING:
        return Finding(_COVERING[refusal.reach], Weight.DENY, proof_id=refusal.id, at=refusal.at)
    if refusal.reach is Reach.SEQUENCE and kind is MailKind.OUTREACH:
        return Finding(Reason.SEQUENCE_REFUSED, Weight.DENY, proof_id=refusal.id, at=refusal.at)
    if refusal.reach is Reach.SNOOZE and kind in {MailKind.OUTREACH, MailKind.MANUAL}:
        until = None if refusal.until is None else bounded(refusal.until)
        if until is None or case.now < until:
            return Finding(Reason.SNOOZED, Weight.WAIT, proof_id=refusal.id, at=refusal.at, until=until)
    if refusal.reach is Reach.MEASURING and kind in {MailKind.OUTREACH, MailKind.MANUAL}:
        return Finding(Reason.MEASURING_REFUSED, Weight.OK, proof_id=refusal.id, at=refusal.at)
    return None


def colleagues_no(case: Case) -> Iterator[Finding]:
    """Somebody else there refused: nothing goes by itself, a colleague of ours may still decide to write."""
    at = case.facts.past.colleague_refused_at
    if at is not None:
        automatic = case.facts.kind is MailKind.OUTREACH
        yield Finding(Reason.COLLEAGUE_REFUSED, Weight.WAIT if automatic else Weight.OK, at=at)


def restriction(case: Case) -> Iterator[Finding]:
    """GDPR article 18: their data is kept, and nothing else is done with it (P33)."""
    if case.facts.restricted_at is not None:
        yield Finding(Reason.RESTRICTED, Weight.DENY, at=case.facts.restricted_at)


def open_request(case: Case) -> Iterator[Finding]:
    """Whoever waits for an answer about their data gets that first."""
    if case.facts.request_since is not None:
        yield Finding(Reason.REQUEST_OPEN, Weight.WAIT, at=case.facts.request_since)


def pauses(case: Case) -> Iterator[Finding]:
    """Switches of ours. They hold whatever leaves the house for somebody outside it (I12)."""
    pauses = case.facts.pauses
    if pauses.everything:
        yield Finding(Reason.EVERYTHING_PAUSED, Weight.WAIT)
    if pauses.mailbox:
        yield Finding(Reason.MAILBOX_PAUSED, Weight.WAIT)
    if pauses.sequence and case.facts.kind is MailKind.OUTREACH:
        yield Finding(Reason.SEQUENCE_PAUSED, Weight.WAIT)
