"""Every reason of the gate: how it comes about, and that it alone decides."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.facts import Facts, Source
from crm.permission.findings import Decision, Verdict
from crm.permission.reasons import MENDERS, Mender, Reason, Weight
from crm.permission.terms import AddressState, Basis, DomainState, Reach
from tests.permission.cases import (
    ALLOWED,
    ASSESSMENT,
    CONSENT,
    CUSTOMER,
    INTEREST,
    NOW,
    PUBLISHED,
    firm,
    had,
    past,
    pauses,
    proof,
    proven,
    recipient,
    refused,
)

AGO = NOW - timedelta(days=1)
DECLINING = replace(PUBLISHED, id=99, declines_offers=True)
RIGHTS = replace(ALLOWED, kind=MailKind.RIGHTS)


def assessed(**changes: object) -> Facts:
    changed = replace(ASSESSMENT, **changes)  # type: ignore[arg-type] # by name
    return proven(replace(INTEREST, assessment=changed), country="GB")


DENIES: dict[Reason, Facts] = {
    Reason.ADDRESS_REFUSED: refused(Reach.ADDRESS),
    Reason.DOMAIN_REFUSED: refused(Reach.DOMAIN),
    Reason.COMPANY_REFUSED: refused(Reach.COMPANY),
    Reason.SEQUENCE_REFUSED: refused(Reach.SEQUENCE),
    Reason.RESTRICTED: replace(ALLOWED, restricted_at=AGO),
    Reason.NEVER_ADDRESS: recipient(kind=AddressKind.NEVER),
    Reason.ADDRESS_INVALID: recipient(state=AddressState.INVALID),
    Reason.ADDRESS_UNENCODABLE: recipient(state=AddressState.UNENCODABLE),
    Reason.ADDRESS_BOUNCED: recipient(state=AddressState.BOUNCED),
    Reason.ADDRESS_CLOSED: recipient(state=AddressState.CLOSED),
    Reason.DOMAIN_NULL_MX: recipient(domain=DomainState.NULL_MX),
    Reason.DOMAIN_NO_MAIL: recipient(domain=DomainState.NO_MAIL),
    Reason.NOT_BUSINESS_ADDRESS: replace(
        proven(INTEREST, country="GB"), recipient=replace(ALLOWED.recipient, freemail=True)
    ),
    Reason.COUNTRY_UNKNOWN: firm(None),
    Reason.COUNTRY_NOT_LISTED: replace(firm("BR"), proofs=(CONSENT,)),
    Reason.DESTINATION_DENIES: firm("DE"),
    Reason.STREET_MISSING: replace(firm("US"), sender=replace(ALLOWED.sender, has_street=False)),
    Reason.SOURCE_MISSING: replace(ALLOWED, source=None),
    Reason.SOURCE_PURCHASED: replace(
        ALLOWED, source=Source(kind="list", obtained_on=date(2026, 2, 20), purchased=True)
    ),
    Reason.RELEVANCE_MISSING: replace(ALLOWED, relevant=False),
    Reason.ROLE_RELEVANCE_MISSING: replace(firm("FR", kind=AddressKind.NAMED), role_relevant=False),
    Reason.NOTICE_OVERDUE: replace(
        ALLOWED, source=Source(kind="website", obtained_on=date(2026, 2, 3), purchased=False)
    ),
    Reason.RETENTION_OVER: replace(ALLOWED, erase_at=NOW),
    Reason.SENDER_INCOMPLETE: replace(ALLOWED, sender=replace(ALLOWED.sender, complete=False)),
    Reason.REPLIED: past(replied_at=AGO),
    Reason.CONVERTED: past(converted_at=AGO),
    Reason.COMPANY_IS_SILENT: past(unanswered_at_company=6),
}
"""Facts with this one thing against them, and nothing else."""

DENIES_WITH_THE_RULE: dict[Reason, Facts] = {
    Reason.ORIGIN_DENIES: proven(replace(INTEREST, assessment=replace(ASSESSMENT, scope="*")), country="SE"),
    Reason.BASIS_MISSING: proven(),
    Reason.PROOF_INCOMPLETE: proven(replace(PUBLISHED, has_url=False)),
    Reason.PROOF_STALE: proven(proof(Basis.PUBLISHED_ADDRESS, days_ago=365)),
    Reason.PAGE_DECLINES: proven(PUBLISHED, DECLINING),
    Reason.BASIS_WITHDRAWN: proven(replace(CONSENT, withdrawn_at=AGO)),
    Reason.INTEREST_SWITCHED_OFF: replace(proven(INTEREST, country="GB"), interest_allowed=False),
    Reason.ASSESSMENT_MISSING: proven(replace(INTEREST, assessment=None), country="GB"),
    Reason.ASSESSMENT_INACTIVE: assessed(active=False),
    Reason.ASSESSMENT_OUT_OF_SCOPE: assessed(scope="NL, DE"),
    Reason.ASSESSMENT_OVERDUE: assessed(review_on=NOW.date()),
}
"""Facts whose proof fails for this reason, so that the country's rule is not met either."""

WAITS: dict[Reason, Facts] = {
    Reason.SNOOZED: refused(Reach.SNOOZE, until=NOW + timedelta(days=40)),
    Reason.COLLEAGUE_REFUSED: past(colleague_refused_at=AGO),
    Reason.REQUEST_OPEN: replace(ALLOWED, request_since=AGO),
    Reason.EVERYTHING_PAUSED: pauses(everything=True),
    Reason.MAILBOX_PAUSED: pauses(mailbox=True),
    Reason.SEQUENCE_PAUSED: pauses(sequence=True),
    Reason.ADDRESS_BOUNCING: recipient(state=AddressState.BOUNCING),
    Reason.DOMAIN_UNCHECKED: recipient(domain=DomainState.UNKNOWN),
    Reason.DOMAIN_DOUBTFUL: recipient(domain=DomainState.IMPLICIT),
    Reason.COLLEAGUE_REPLIED: past(colleague_replied_at=AGO),
    Reason.WROTE_RECENTLY: past(last_mail_at=AGO),
    Reason.YEAR_IS_FULL: past(mails_last_year=6, oldest_mail_at=NOW - timedelta(days=300)),
    Reason.OTHER_SEQUENCE: past(other_sequences=1),
    Reason.COMPANY_IS_BUSY: past(company_sequences=2),
    Reason.COOLING_DOWN: past(ended_unanswered_at=NOW - timedelta(days=179)),
    Reason.ACKNOWLEDGED_RECENTLY: replace(RIGHTS, past=had(acknowledged_at=NOW - timedelta(days=6))),
}

SPEAKS_FOR_IT: dict[Reason, Facts] = {
    Reason.MEASURING_REFUSED: refused(Reach.MEASURING),
    Reason.NOT_REFUSED: ALLOWED,
    Reason.ADDRESS_GOOD: ALLOWED,
    Reason.LEGAL_FORM_UNKNOWN: firm("NL", LegalForm.UNKNOWN),
    Reason.RULE_MET: ALLOWED,
    Reason.CONSENT_RECORDED: proven(CONSENT),
    Reason.CUSTOMER_RECORDED: proven(CUSTOMER),
    Reason.ADDRESS_PUBLISHED: ALLOWED,
    Reason.INTEREST_ASSESSED: proven(INTEREST, country="GB"),
    Reason.SOURCE_RECORDED: ALLOWED,
    Reason.RELEVANCE_RECORDED: ALLOWED,
    Reason.NOTICE_DUE: ALLOWED,
    Reason.NOTICE_GIVEN: replace(ALLOWED, notice_at=AGO),
    Reason.WITHIN_LIMITS: ALLOWED,
    Reason.STAFF_MAIL: replace(ALLOWED, kind=MailKind.STAFF),
}

REACHED = {**DENIES, **DENIES_WITH_THE_RULE, **WAITS, **SPEAKS_FOR_IT}
RULES = {Reason.DESTINATION_DENIES, Reason.ORIGIN_DENIES}


def test_a_first_mail_with_its_papers_in_order_may_go() -> None:
    decision = decide(ALLOWED, NOW)
    assert (decision.verdict, decision.against) == (Verdict.ALLOW, ())


def test_every_reason_is_reached_here() -> None:
    assert set(REACHED) == set(Reason)


@pytest.mark.parametrize("reason", DENIES)
def test_this_reason_alone_denies(reason: Reason) -> None:
    decision = decide(DENIES[reason], NOW)
    assert decision.verdict is Verdict.DENY
    assert {one.reason for one in decision.against} == {reason}


@pytest.mark.parametrize("reason", DENIES_WITH_THE_RULE)
def test_a_proof_that_fails_leaves_the_rule_unmet(reason: Reason) -> None:
    decision = decide(DENIES_WITH_THE_RULE[reason], NOW)
    assert decision.verdict is Verdict.DENY
    assert {one.reason for one in decision.against} <= {reason} | RULES
    assert decision.has(reason)


@pytest.mark.parametrize("reason", WAITS)
def test_this_reason_alone_makes_it_wait(reason: Reason) -> None:
    decision = decide(WAITS[reason], NOW)
    assert decision.verdict is Verdict.WAIT
    assert {one.reason for one in decision.against} == {reason}


@pytest.mark.parametrize("reason", SPEAKS_FOR_IT)
def test_this_reason_stops_nothing(reason: Reason) -> None:
    decision = decide(SPEAKS_FOR_IT[reason], NOW)
    assert decision.allows
    assert [one.weight for one in decision.reasons if one.reason is reason] == [Weight.OK]


@pytest.mark.parametrize("reason", [*DENIES, *DENIES_WITH_THE_RULE, *WAITS])
def test_somebody_can_be_named_for_it(reason: Reason) -> None:
    unmendable = {Reason.SOURCE_PURCHASED, Reason.CONVERTED}
    assert (MENDERS.get(reason, Mender.NOBODY) is Mender.NOBODY) == (reason in unmendable)


def test_every_reason_is_returned_not_the_first() -> None:
    facts = replace(
        refused(Reach.ADDRESS),
        source=None,
        relevant=False,
        past=had(last_mail_at=AGO, converted_at=AGO),
        pauses=replace(ALLOWED.pauses, everything=True),
    )
    assert {one.reason for one in decide(facts, NOW).against} == {
        Reason.ADDRESS_REFUSED,
        Reason.SOURCE_MISSING,
        Reason.RELEVANCE_MISSING,
        Reason.WROTE_RECENTLY,
        Reason.CONVERTED,
        Reason.EVERYTHING_PAUSED,
    }


def test_an_unknown_country_does_not_hide_that_there_is_no_basis() -> None:
    decision = decide(replace(firm(None), proofs=()), NOW)
    assert {one.reason for one in decision.against} == {Reason.COUNTRY_UNKNOWN, Reason.BASIS_MISSING}


def test_the_strictest_reasons_come_first() -> None:
    facts = replace(past(last_mail_at=AGO), source=None)
    weights = [one.weight for one in decide(facts, NOW).reasons]
    assert weights == sorted(weights, key=[Weight.DENY, Weight.WAIT, Weight.OK].index)


def test_a_gate_that_asked_nothing_says_no() -> None:
    assert Decision.of(()).verdict is Verdict.DENY


def test_the_proof_of_an_allowed_mail_is_named() -> None:
    published = [one for one in decide(ALLOWED, NOW).proofs if one.reason is Reason.ADDRESS_PUBLISHED]
    assert [(one.proof_id, one.at) for one in published] == [(PUBLISHED.id, PUBLISHED.at)]


def test_of_several_waits_the_longest_says_when_to_ask_again() -> None:
    late = NOW + timedelta(days=40)
    facts = replace(refused(Reach.SNOOZE, until=late), past=had(last_mail_at=AGO))
    assert decide(facts, NOW).retry_at == late


def test_a_wait_that_only_people_can_end_has_no_time() -> None:
    assert decide(pauses(everything=True), NOW).retry_at is None


def test_naive_moments_count_as_utc() -> None:
    facts = refused(Reach.SNOOZE, until=datetime(2026, 3, 4, 9, 1))  # noqa: DTZ001 - what the test is about
    assert decide(facts, NOW).retry_at == datetime(2026, 3, 4, 9, 1, tzinfo=UTC)
