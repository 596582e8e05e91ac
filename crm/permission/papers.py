"""What has to be written down before we write first: where, why, whence, until when, and who we are."""

from collections.abc import Iterator

from crm.kernel.business import LegalForm
from crm.permission.case import Case
from crm.permission.findings import Finding
from crm.permission.moments import bounded, noon_of, notice_deadline
from crm.permission.reasons import Reason, Weight


def place(case: Case) -> Iterator[Finding]:
    """A country with rules we know."""
    if not case.country:
        yield Finding(Reason.COUNTRY_UNKNOWN, Weight.DENY)
        return
    there = case.rules[0]
    if not there.listed and not there.overridden:
        yield Finding(Reason.COUNTRY_NOT_LISTED, Weight.DENY, country=case.country)
    if case.facts.firm.legal_form is LegalForm.UNKNOWN:
        yield Finding(Reason.LEGAL_FORM_UNKNOWN, Weight.OK)
    if any(rule.needs_postal_address for rule in case.rules) and not case.facts.sender.has_street:
        yield Finding(Reason.STREET_MISSING, Weight.DENY, country=case.country)


def source(case: Case) -> Iterator[Finding]:
    """Where and when we got the address (P4); a bought list is no answer."""
    source = case.facts.source
    if source is None:
        yield Finding(Reason.SOURCE_MISSING, Weight.DENY)
        return
    at = noon_of(source.obtained_on)
    if source.purchased:
        yield Finding(Reason.SOURCE_PURCHASED, Weight.DENY, at=at)
    else:
        yield Finding(Reason.SOURCE_RECORDED, Weight.OK, at=at, word=source.kind)


def relevance(case: Case) -> Iterator[Finding]:
    """Why this company, and where the rules ask for it why this person (P16)."""
    facts = case.facts
    needs_role = any(rule.needs_role_relevance for rule in case.rules)
    if not facts.relevant:
        yield Finding(Reason.RELEVANCE_MISSING, Weight.DENY)
    if needs_role and not facts.role_relevant:
        yield Finding(Reason.ROLE_RELEVANCE_MISSING, Weight.DENY, country=case.country)
    if facts.relevant and (facts.role_relevant or not needs_role):
        yield Finding(Reason.RELEVANCE_RECORDED, Weight.OK)


def notice(case: Case) -> Iterator[Finding]:
    """Told within a month that we have their data (GDPR article 14(3)); the first mail may tell them."""
    facts = case.facts
    if facts.notice_at is not None:
        yield Finding(Reason.NOTICE_GIVEN, Weight.OK, at=facts.notice_at)
    elif facts.source is not None:
        last_day = notice_deadline(facts.source.obtained_on, facts.budgets.notice_days)
        overdue = case.day_of(case.now) > last_day
        reason, weight = (Reason.NOTICE_OVERDUE, Weight.DENY) if overdue else (Reason.NOTICE_DUE, Weight.OK)
        yield Finding(reason, weight, until=noon_of(last_day))


def retention(case: Case) -> Iterator[Finding]:
    """Nothing is done with data whose time is over (P24)."""
    erase_at = case.facts.erase_at
    if erase_at is not None and bounded(erase_at) <= case.now:
        yield Finding(Reason.RETENTION_OVER, Weight.DENY, at=erase_at)


def sender(case: Case) -> Iterator[Finding]:
    """Nobody is written to by somebody who does not say who they are (P2)."""
    if not case.facts.sender.complete:
        yield Finding(Reason.SENDER_INCOMPLETE, Weight.DENY)
