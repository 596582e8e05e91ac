"""The edges of what the gate counts: distance, terms and ages, to the day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.facts import Facts, Proof, Source
from crm.permission.findings import Verdict
from crm.permission.moments import notice_deadline
from crm.permission.reasons import Reason
from crm.permission.terms import AddressState, Basis, DomainState, Reach
from tests.permission.cases import (
    ALLOWED,
    CONSENT,
    NOW,
    PUBLISHED,
    firm,
    past,
    pauses,
    proof,
    proven,
    recipient,
    refused,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def without(proof: Proof, part: str) -> Proof:
    return replace(proof, **{part: False})  # type: ignore[arg-type] # by name


def after(facts: Facts, moment: datetime) -> Verdict:
    return decide(facts, moment).verdict


_ANY = {MailKind.OUTREACH, MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP}


@pytest.mark.parametrize(
    ("reach", "stopped"),
    [
        (Reach.ADDRESS, _ANY),
        (Reach.DOMAIN, _ANY),
        (Reach.COMPANY, _ANY),
        (Reach.SNOOZE, {MailKind.OUTREACH, MailKind.MANUAL}),
        (Reach.SEQUENCE, {MailKind.OUTREACH}),
        (Reach.MEASURING, set[MailKind]()),
    ],
)
def test_a_no_stops_the_kinds_of_mail_it_is_about_and_no_other(reach: Reach, stopped: set[MailKind]) -> None:
    facts = refused(reach)
    found = {kind for kind in MailKind if after(replace(facts, kind=kind), NOW) is not Verdict.ALLOW}
    assert found == stopped


def test_three_working_days_lie_between_two_mails() -> None:
    friday = datetime(2026, 2, 27, 10, 0, tzinfo=UTC)
    facts = replace(past(last_mail_at=friday), notice_at=friday)
    tuesday, wednesday = datetime(2026, 3, 3, 22, 59, tzinfo=UTC), datetime(2026, 3, 3, 23, 0, tzinfo=UTC)
    assert [after(facts, tuesday), after(facts, wednesday)] == [Verdict.WAIT, Verdict.ALLOW]


def test_the_wait_after_a_mail_ends_when_the_recipients_day_begins() -> None:
    friday = datetime(2026, 2, 27, 10, 0, tzinfo=UTC)
    assert decide(past(last_mail_at=friday), friday).retry_at == datetime(2026, 3, 3, 23, 0, tzinfo=UTC)


def test_holidays_of_the_recipient_do_not_count_as_distance() -> None:
    thursday = datetime(2026, 4, 2, 10, 0, tzinfo=UTC)  # before Good Friday and Easter Monday
    wait = decide(replace(past(last_mail_at=thursday), notice_at=thursday), thursday).retry_at
    assert wait == datetime(2026, 4, 9, 0, 0, tzinfo=AMSTERDAM)


def test_a_holiday_in_their_country_alone_lengthens_the_distance_too() -> None:
    monday = datetime(2026, 7, 13, 10, 0, tzinfo=UTC)  # before the fourteenth of July
    facts = replace(ALLOWED, past=past(last_mail_at=monday).past, notice_at=monday)
    french = replace(facts, firm=replace(ALLOWED.firm, country="FR"))
    days = [decide(one, monday).retry_at for one in (facts, french)]
    assert days == [datetime(2026, 7, day, 22, 0, tzinfo=UTC) for day in (15, 16)]


@pytest.mark.parametrize(("mails", "verdict"), [(5, Verdict.ALLOW), (6, Verdict.WAIT)])
def test_six_mails_a_year_are_enough(mails: int, verdict: Verdict) -> None:
    assert after(past(mails_last_year=mails), NOW) is verdict


def test_a_full_year_ends_a_year_after_its_oldest_mail() -> None:
    oldest = NOW - timedelta(days=300)
    facts = past(mails_last_year=6, oldest_mail_at=oldest)
    assert decide(facts, NOW).retry_at == oldest + timedelta(days=365)


@pytest.mark.parametrize(("days", "verdict"), [(179, Verdict.WAIT), (180, Verdict.ALLOW)])
def test_an_unanswered_sequence_cools_down_for_180_days(days: int, verdict: Verdict) -> None:
    assert after(past(ended_unanswered_at=NOW - timedelta(days=days)), NOW) is verdict


@pytest.mark.parametrize(("others", "verdict"), [(1, Verdict.ALLOW), (2, Verdict.WAIT)])
def test_two_people_of_a_company_may_be_in_sequences(others: int, verdict: Verdict) -> None:
    assert after(past(company_sequences=others), NOW) is verdict


@pytest.mark.parametrize(("mails", "verdict"), [(5, Verdict.ALLOW), (6, Verdict.DENY)])
def test_a_company_that_never_answers_gets_six_mails(mails: int, verdict: Verdict) -> None:
    assert after(past(unanswered_at_company=mails), NOW) is verdict


@pytest.mark.parametrize(
    ("mails", "leaving", "verdict"),
    [(4, 1, Verdict.ALLOW), (5, 1, Verdict.WAIT), (0, 6, Verdict.WAIT), (6, 1, Verdict.DENY)],
)
def test_what_is_leaving_to_their_colleagues_counts_until_it_is_known(
    mails: int, leaving: int, verdict: Verdict
) -> None:
    assert after(past(unanswered_at_company=mails, leaving_to_company=leaving), NOW) is verdict


@pytest.mark.parametrize(("days", "verdict"), [(364, Verdict.ALLOW), (365, Verdict.DENY)])
def test_a_published_address_counts_for_a_year(days: int, verdict: Verdict) -> None:
    assert after(proven(proof(Basis.PUBLISHED_ADDRESS, days_ago=days)), NOW) is verdict


def test_consent_does_not_age() -> None:
    assert after(proven(proof(Basis.CONSENT, days_ago=3_000)), NOW) is Verdict.ALLOW


@pytest.mark.parametrize(("country", "verdict"), [("CA", Verdict.DENY), ("US", Verdict.ALLOW)])
def test_canada_counts_a_customer_for_two_years(country: str, verdict: Verdict) -> None:
    assert after(proven(proof(Basis.CUSTOMER, days_ago=730), country=country), NOW) is verdict


@pytest.mark.parametrize("part", ["has_url", "has_wording", "confirmed"])
def test_a_published_address_needs_page_wording_and_a_reader(part: str) -> None:
    assert after(proven(without(PUBLISHED, part)), NOW) is Verdict.DENY


@pytest.mark.parametrize("part", ["has_wording", "has_channel"])
def test_consent_needs_what_and_how(part: str) -> None:
    assert after(proven(without(CONSENT, part)), NOW) is Verdict.DENY


def test_their_own_consent_outweighs_a_page_that_declines_offers() -> None:
    declining = replace(PUBLISHED, declines_offers=True)
    assert after(proven(declining, CONSENT), NOW) is Verdict.ALLOW


def test_a_page_that_no_longer_shows_the_address_does_not_count() -> None:
    assert after(proven(replace(PUBLISHED, stale=True)), NOW) is Verdict.DENY


def test_a_private_mailbox_counts_when_the_business_publishes_it() -> None:
    assert after(recipient(freemail=True), NOW) is Verdict.ALLOW


def test_a_domain_without_a_mail_server_of_its_own_is_fine_for_who_gave_consent() -> None:
    facts = replace(recipient(domain=DomainState.IMPLICIT), proofs=(CONSENT,))
    assert after(facts, NOW) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("obtained", "last"),
    [
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 2, 10), date(2026, 3, 10)),
        (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2026, 12, 31), date(2027, 1, 30)),
        (date(2028, 1, 31), date(2028, 2, 29)),
    ],
)
def test_the_notice_is_due_after_a_month_or_thirty_days(obtained: date, last: date) -> None:
    assert notice_deadline(obtained, 30) == last


def test_on_the_last_day_of_the_notice_they_may_still_be_told() -> None:
    facts = replace(ALLOWED, source=Source(kind="fair", obtained_on=date(2026, 2, 4), purchased=False))
    last, next_day = datetime(2026, 3, 4, 22, 59, tzinfo=UTC), datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    assert [after(facts, last), after(facts, next_day)] == [Verdict.ALLOW, Verdict.DENY]


def test_a_snooze_ends_by_itself() -> None:
    facts = refused(Reach.SNOOZE, until=NOW)
    assert [after(facts, NOW - timedelta(seconds=1)), after(facts, NOW)] == [Verdict.WAIT, Verdict.ALLOW]


def test_a_snooze_without_a_date_does_not_end() -> None:
    assert after(refused(Reach.SNOOZE), NOW) is Verdict.WAIT


def test_a_second_acknowledgement_may_go_after_a_week() -> None:
    facts = replace(past(acknowledged_at=NOW - timedelta(days=7)), kind=MailKind.RIGHTS)
    assert after(facts, NOW) is Verdict.ALLOW


BARE = replace(
    firm(None),
    source=None,
    relevant=False,
    proofs=(),
    sender=replace(ALLOWED.sender, complete=False),
    request_since=NOW,
    past=replace(ALLOWED.past, last_mail_at=NOW, replied_at=NOW, other_sequences=3),
)
"""Somebody who wrote to us, about whom nothing is written down."""


@pytest.mark.parametrize("kind", [MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS, MailKind.STAFF])
def test_who_wrote_first_is_answered_without_papers(kind: MailKind) -> None:
    assert after(replace(BARE, kind=kind), NOW) is Verdict.ALLOW


@pytest.mark.parametrize("kind", [MailKind.OUTREACH, MailKind.MANUAL])
def test_who_did_not_is_not_written_to_without_papers(kind: MailKind) -> None:
    assert after(replace(BARE, kind=kind), NOW) is Verdict.DENY


@pytest.mark.parametrize("kind", [MailKind.REPLY, MailKind.SIGNUP])
@pytest.mark.parametrize("facts", [refused(Reach.ADDRESS), replace(ALLOWED, restricted_at=NOW)])
def test_a_refusal_and_a_restriction_hold_for_answers_too(kind: MailKind, facts: Facts) -> None:
    assert after(replace(facts, kind=kind), NOW) is Verdict.DENY


@pytest.mark.parametrize("facts", [refused(Reach.ADDRESS), replace(ALLOWED, restricted_at=NOW)])
def test_neither_keeps_anybody_from_their_rights(facts: Facts) -> None:
    assert after(replace(facts, kind=MailKind.RIGHTS), NOW) is Verdict.ALLOW


@pytest.mark.parametrize("kind", [MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS])
def test_no_mail_goes_to_a_mailbox_that_is_gone(kind: MailKind) -> None:
    assert after(replace(recipient(state=AddressState.BOUNCED), kind=kind), NOW) is Verdict.DENY


@pytest.mark.parametrize("kind", [MailKind.MANUAL, MailKind.REPLY, MailKind.SIGNUP, MailKind.RIGHTS])
def test_a_pause_of_everything_holds_all_mail_to_people_outside(kind: MailKind) -> None:
    assert after(replace(pauses(everything=True), kind=kind), NOW) is Verdict.WAIT


@pytest.mark.parametrize(
    "facts",
    [
        past(replied_at=NOW),
        past(converted_at=NOW),
        past(colleague_refused_at=NOW),
        past(colleague_replied_at=NOW),
        past(other_sequences=1),
        refused(Reach.SEQUENCE),
    ],
)
def test_what_ends_a_sequence_does_not_keep_a_colleague_from_writing(facts: Facts) -> None:
    assert [after(replace(facts, kind=kind), NOW) for kind in (MailKind.OUTREACH, MailKind.MANUAL)] != [
        Verdict.ALLOW,
        Verdict.ALLOW,
    ]
    assert after(replace(facts, kind=MailKind.MANUAL), NOW) is Verdict.ALLOW


def test_an_answer_is_mentioned_to_a_colleague_who_writes() -> None:
    decision = decide(replace(past(replied_at=NOW), kind=MailKind.MANUAL), NOW)
    assert decision.has(Reason.REPLIED)
