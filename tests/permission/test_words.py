"""What the gate says to people."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crm.permission.decide import decide
from crm.permission.facts import Facts
from crm.permission.findings import Finding
from crm.permission.reasons import MENDERS, Mender, Reason, Weight
from crm.permission.terms import Reach
from crm.permission.words import WHO, explain, in_short
from tests.permission.cases import ALLOWED, CONSENT, NOW, firm, past, pauses, proven, recipient, refused
from tests.permission.test_reasons import DENIES, DENIES_WITH_THE_RULE, REACHED, WAITS

AGAINST = [*DENIES, *DENIES_WITH_THE_RULE, *WAITS]
BY_A_COLLEAGUE = [
    one for one in AGAINST if WHO[MENDERS.get(one, Mender.NOBODY)].startswith(("A ", "An ", "You "))
]


def found(reason: Reason) -> Finding:
    return next(one for one in decide(REACHED[reason], NOW).reasons if one.reason is reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_title_and_a_short_form_without_gaps(reason: Reason) -> None:
    words = explain(found(reason))
    assert words.title
    assert words.short
    assert "{" not in f"{words.title}{words.detail}{words.mend}{words.short}"


@pytest.mark.parametrize("reason", [one for one in Reason if one is not Reason.RELEVANCE_RECORDED])
def test_every_reason_as_it_comes_about_has_its_detail(reason: Reason) -> None:
    assert explain(found(reason)).detail.endswith(".")


@pytest.mark.parametrize("reason", AGAINST)
def test_what_stands_against_a_mail_says_what_would_mend_it(reason: Reason) -> None:
    assert explain(found(reason)).mend.endswith((".", "?"))


@pytest.mark.parametrize("reason", [one for one in BY_A_COLLEAGUE if one is not Reason.RETENTION_OVER])
def test_what_a_colleague_can_mend_names_the_colleague(reason: Reason) -> None:
    assert explain(found(reason)).mend.startswith(WHO[MENDERS[reason]])


@pytest.mark.parametrize("reason", Reason)
def test_a_bare_finding_can_be_put_into_words_too(reason: Reason) -> None:
    assert "{" not in explain(Finding(reason, Weight.DENY)).short


def test_a_reason_shows_when_it_ends() -> None:
    facts = past(last_mail_at=datetime(2026, 3, 4, 8, 0, tzinfo=UTC))
    words = explain(decide(facts, NOW).against[0])
    assert "again from Mon 9 Mar 2026" in words.detail


def test_dates_are_those_of_the_zone_asked_for() -> None:
    finding = Finding(Reason.REPLIED, Weight.DENY, at=datetime(2026, 3, 4, 23, 30, tzinfo=UTC))
    days = [explain(finding, ZoneInfo(name)).detail[3:13] for name in ("Europe/Amsterdam", "Europe/London")]
    assert days == ["Thu 5 Mar ", "Wed 4 Mar "]


def test_a_country_is_named_as_people_say_it() -> None:
    titles = [explain(one).title for one in decide(proven(country="GB"), NOW).against]
    assert "The rules of the United Kingdom are not met" in titles


def test_the_missing_parts_of_a_proof_are_named() -> None:
    bare = replace(CONSENT, has_wording=False, has_channel=False)
    details = [explain(one).detail for one in decide(proven(bare), NOW).against]
    assert "Missing: the wording, how it was given." in details


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (ALLOWED, "published address"),
        (proven(CONSENT), "consent"),
        (refused(Reach.ADDRESS), "refused"),
        (firm("DE"), "not allowed in Germany"),
        (past(last_mail_at=NOW), "from Mon 9 Mar"),
        (pauses(everything=True), "all sending paused"),
        (recipient(freemail=True), "published address"),
    ],
)
def test_a_list_shows_the_strictest_reason_or_the_ground(facts: Facts, words: str) -> None:
    assert in_short(decide(facts, NOW)) == words
