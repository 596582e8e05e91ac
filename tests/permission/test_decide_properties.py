"""The gate over any facts: it always answers, and nothing that speaks against a mail ever helps it."""

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

from crm.kernel.mail import MailKind
from crm.permission.decide import decide
from crm.permission.facts import Facts, Proof, Refusal
from crm.permission.findings import Verdict
from crm.permission.reasons import Weight
from crm.permission.terms import Reach
from tests.permission import strategies
from tests.permission.cases import NOW

FIRST = st.sampled_from([MailKind.OUTREACH, MailKind.MANUAL])
COVERING = st.sampled_from([Reach.ADDRESS, Reach.DOMAIN, Reach.COMPANY])
HARD = (Verdict.ALLOW, Verdict.WAIT, Verdict.DENY)


def hardness(facts: Facts) -> int:
    return HARD.index(decide(facts, NOW).verdict)


@given(strategies.facts, strategies.moments)
def test_it_answers_whatever_it_is_told(facts: Facts, now: datetime) -> None:
    assert decide(facts, now).verdict in Verdict


@given(strategies.facts, strategies.moments)
def test_the_strictest_reason_is_the_verdict(facts: Facts, now: datetime) -> None:
    decision = decide(facts, now)
    weights = {one.weight for one in decision.reasons}
    strictest = (
        Weight.DENY if Weight.DENY in weights else Weight.WAIT if Weight.WAIT in weights else Weight.OK
    )
    assert (strictest, decision.verdict) in {
        (Weight.OK, Verdict.ALLOW),
        (Weight.WAIT, Verdict.WAIT),
        (Weight.DENY, Verdict.DENY),
    }


@given(strategies.facts, strategies.moments)
def test_an_allowed_mail_shows_why(facts: Facts, now: datetime) -> None:
    decision = decide(facts, now)
    assume(decision.allows)
    assert decision.proofs


@given(strategies.facts | strategies.likely, COVERING, st.sampled_from(MailKind))
def test_nobody_gets_a_mail_their_refusal_covers(facts: Facts, reach: Reach, kind: MailKind) -> None:
    assume(kind not in {MailKind.RIGHTS, MailKind.STAFF})
    refusals = (*facts.refusals, Refusal(reach=reach, at=None))
    assert decide(replace(facts, kind=kind, refusals=refusals), NOW).verdict is Verdict.DENY


@given(strategies.facts | strategies.likely, strategies.refusals)
def test_a_refusal_more_never_makes_it_milder(facts: Facts, refusal: Refusal) -> None:
    assert hardness(replace(facts, refusals=(*facts.refusals, refusal))) >= hardness(facts)


@given(strategies.facts | strategies.likely, st.data())
def test_a_proof_less_never_makes_it_milder(facts: Facts, data: st.DataObject) -> None:
    assume(facts.proofs)
    gone = data.draw(st.sampled_from(facts.proofs))
    assume(not gone.declines_offers)
    left = tuple(one for one in facts.proofs if one is not gone)
    assert hardness(replace(facts, proofs=left)) >= hardness(facts)


@given(strategies.facts | strategies.likely, strategies.proofs)
def test_a_page_that_declines_offers_never_makes_it_milder(facts: Facts, proof: Proof) -> None:
    useless = replace(proof, declines_offers=True, withdrawn_at=NOW)
    assert hardness(replace(facts, proofs=(*facts.proofs, useless))) >= hardness(facts)


@given(strategies.facts | strategies.likely)
def test_a_lost_source_or_line_of_relevance_never_makes_it_milder(facts: Facts) -> None:
    for poorer in (
        replace(facts, source=None, notice_at=facts.notice_at),
        replace(facts, relevant=False),
        replace(facts, role_relevant=False),
        replace(facts, interest_allowed=False),
        replace(facts, sender=replace(facts.sender, has_street=False)),
        replace(facts, sender=replace(facts.sender, complete=False)),
    ):
        assert hardness(poorer) >= hardness(facts)


@given(strategies.facts | strategies.likely)
def test_pausing_and_restricting_never_make_it_milder(facts: Facts) -> None:
    for stopped in (
        replace(facts, restricted_at=NOW),
        replace(facts, request_since=NOW),
        replace(facts, pauses=replace(facts.pauses, everything=True)),
    ):
        assert hardness(stopped) >= hardness(facts)


@given(strategies.facts, FIRST, strategies.moments)
def test_no_first_mail_goes_without_a_counting_proof(facts: Facts, kind: MailKind, now: datetime) -> None:
    assert not decide(replace(facts, kind=kind, proofs=()), now).allows


@given(strategies.facts, FIRST, st.sampled_from([None, "", "XX", "ZZ", "*", "USA"]))
def test_no_first_mail_goes_to_a_country_without_rules(
    facts: Facts, kind: MailKind, country: str | None
) -> None:
    lost = replace(facts, kind=kind, firm=replace(facts.firm, country=country), overrides=())
    assert decide(lost, NOW).verdict is Verdict.DENY


@given(strategies.likely)
def test_asking_twice_gives_one_answer(facts: Facts) -> None:
    assert decide(facts, NOW) == decide(facts, NOW)


@given(strategies.facts)
def test_a_time_to_ask_again_is_given_only_with_wait_and_lies_ahead(facts: Facts) -> None:
    decision = decide(facts, NOW)
    assert decision.retry_at is None or (decision.verdict is Verdict.WAIT and decision.retry_at > NOW)


@pytest.mark.parametrize("country", ["NL", "DE", "FR", "BE", "GB", "US"])
@pytest.mark.parametrize("verdict", [Verdict.ALLOW, Verdict.DENY])
def test_the_facts_near_the_edge_lie_on_both_sides_of_it(country: str, verdict: Verdict) -> None:
    """The twin of the properties above: their facts do not all fall on one side by themselves."""
    there = find(
        strategies.likely,
        lambda facts: facts.firm.country == country and decide(facts, NOW).verdict is verdict,
        settings=settings(max_examples=5_000, database=None),
    )
    assert decide(there, NOW).verdict is verdict
