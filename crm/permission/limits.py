"""How much is enough: distance between mails, counts, and what an answer ends (P18, behaviour B16)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from crm.kernel.mail import MailKind
from crm.kernel.workdays import add_working_days
from crm.permission.case import Case
from crm.permission.findings import Finding
from crm.permission.moments import bounded, start_of
from crm.permission.reasons import Reason, Weight

_YEAR: Final = timedelta(days=365)
_IN_HAND: Final = timedelta(hours=1)
"""After which is asked again what became of a colleague's mail in hand: it may not leave after all."""


def answers(case: Case) -> Iterator[Finding]:
    """An answer or a sign-up ends what runs by itself (I07). A colleague of ours may still write."""
    past = case.facts.past
    automatic = case.facts.kind is MailKind.OUTREACH
    weight = Weight.DENY if automatic else Weight.OK
    if past.replied_at is not None:
        yield Finding(Reason.REPLIED, weight, at=past.replied_at)
    if past.converted_at is not None:
        yield Finding(Reason.CONVERTED, weight, at=past.converted_at)
    if past.colleague_replied_at is not None and automatic:
        yield Finding(Reason.COLLEAGUE_REPLIED, Weight.WAIT, at=past.colleague_replied_at)


def limits(case: Case) -> Iterator[Finding]:
    """Every budget that is used up."""
    found = [*_person(case), *_company(case), *_sequences(case)]
    yield from found
    if not found:
        past, budgets = case.facts.past, case.facts.budgets
        yield Finding(Reason.WITHIN_LIMITS, Weight.OK, count=past.mails_last_year, limit=budgets.mails_a_year)


def _person(case: Case) -> Iterator[Finding]:
    past, budgets = case.facts.past, case.facts.budgets
    if past.last_mail_at is not None and budgets.gap_working_days > 0:
        gap = budgets.gap_working_days
        free = add_working_days(case.day_of(past.last_mail_at), gap, case.country or None)
        if case.day_of(case.now) < free:
            until = start_of(free, case.zone)
            yield Finding(Reason.WROTE_RECENTLY, Weight.WAIT, at=past.last_mail_at, until=until, limit=gap)
    yield from _year(case)
    if past.ended_unanswered_at is not None:
        until = bounded(past.ended_unanswered_at) + budgets.cool_down
        if case.now < until:
            yield Finding(Reason.COOLING_DOWN, Weight.WAIT, at=past.ended_unanswered_at, until=until)


def _year(case: Case) -> Iterator[Finding]:
    past, limit = case.facts.past, case.facts.budgets.mails_a_year
    if past.mails_last_year >= limit:
        until = None if past.oldest_mail_at is None else bounded(past.oldest_mail_at) + _YEAR
        yield Finding(Reason.YEAR_IS_FULL, Weight.WAIT, until=until, count=past.mails_last_year, limit=limit)


def _company(case: Case) -> Iterator[Finding]:
    past, limit = case.facts.past, case.facts.budgets.unanswered_a_company
    count = past.unanswered_at_company
    maybe = count + past.leaving_to_company
    if count >= limit:
        yield Finding(Reason.COMPANY_IS_SILENT, Weight.DENY, count=count, limit=limit)
    elif maybe >= limit:
        until = bounded(case.now) + _IN_HAND
        yield Finding(Reason.COMPANY_IS_SILENT, Weight.WAIT, until=until, count=maybe, limit=limit)


def _sequences(case: Case) -> Iterator[Finding]:
    """Only a sequence competes with sequences."""
    if case.facts.kind is not MailKind.OUTREACH:
        return
    past, budgets = case.facts.past, case.facts.budgets
    for reason, count, limit in (
        (Reason.OTHER_SEQUENCE, past.other_sequences, budgets.sequences_a_person),
        (Reason.COMPANY_IS_BUSY, past.company_sequences, budgets.sequences_a_company),
    ):
        if count >= limit:
            yield Finding(reason, Weight.WAIT, count=count, limit=limit)


def acknowledgement(case: Case) -> Iterator[Finding]:
    """One automatic acknowledgement a week, so that two machines never talk to each other for long."""
    at = case.facts.past.acknowledged_at
    if at is not None:
        until = bounded(at) + case.facts.budgets.acknowledgement_gap
        if case.now < until:
            yield Finding(Reason.ACKNOWLEDGED_RECENTLY, Weight.WAIT, at=at, until=until)
