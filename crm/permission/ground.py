"""On what ground we write: which proofs count today, and whether they meet the countries' rules (D3)."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from crm.permission.case import Case
from crm.permission.countries import Code, Rule
from crm.permission.facts import Proof
from crm.permission.findings import Finding
from crm.permission.moments import bounded, bounded_day
from crm.permission.reasons import Reason, Weight
from crm.permission.terms import Basis

_ASKED: Final = frozenset({Basis.CONSENT, Basis.CUSTOMER})
_PUBLISHED: Final = _ASKED | {Basis.PUBLISHED_ADDRESS}
_ANY: Final = _PUBLISHED | {Basis.LEGITIMATE_INTEREST}

SATISFIES: Final[Mapping[Code, frozenset[Basis]]] = MappingProxyType(
    {Code.C: _ASKED, Code.U: _ASKED, Code.P: _PUBLISHED, Code.O: _ANY, Code.O1: _ANY}
)
"""Which bases satisfy a code of the table: the second half of D3."""

_RECORDED: Final = {
    Basis.CONSENT: Reason.CONSENT_RECORDED,
    Basis.CUSTOMER: Reason.CUSTOMER_RECORDED,
    Basis.PUBLISHED_ADDRESS: Reason.ADDRESS_PUBLISHED,
    Basis.LEGITIMATE_INTEREST: Reason.INTEREST_ASSESSED,
}


def ground(case: Case) -> Iterator[Finding]:
    """The rules of each country that counts, the proofs that meet them, or what every proof lacks."""
    usable = usable_proofs(case)
    bases = {proof.basis for proof in usable}
    met = [bool(bases & SATISFIES[rule.code]) for rule in case.rules]
    for rule, is_met in zip(case.rules, met, strict=True):
        yield _of_rule(case, rule, is_met=is_met)
    enough = set(_ANY).intersection(*(SATISFIES[rule.code] for rule in case.rules))
    for proof in usable:
        if proof.basis in enough:
            yield Finding(_RECORDED[proof.basis], Weight.OK, proof_id=proof.id, at=proof.at)
    if all(met) and usable:
        return
    if not case.facts.proofs:
        yield Finding(Reason.BASIS_MISSING, Weight.DENY)
    for proof in case.facts.proofs:
        yield from _faults(case, proof)


def usable_proofs(case: Case) -> tuple[Proof, ...]:
    """The proofs with nothing against them today."""
    return tuple(proof for proof in case.facts.proofs if not any(_faults(case, proof)))


def _of_rule(case: Case, rule: Rule, *, is_met: bool) -> Finding:
    there = Reason.DESTINATION_DENIES if rule is case.rules[0] else Reason.ORIGIN_DENIES
    return Finding(
        Reason.RULE_MET if is_met else there,
        Weight.OK if is_met else Weight.DENY,
        country=rule.country,
        code=rule.code.value.upper(),
        word=rule.column.value,
    )


def _faults(case: Case, proof: Proof) -> Iterator[Finding]:
    """What makes a proof count for nothing today."""
    if proof.withdrawn_at is not None:
        at = proof.withdrawn_at
        yield Finding(Reason.BASIS_WITHDRAWN, Weight.DENY, proof_id=proof.id, at=at, word=proof.basis)
    missing = _missing(proof)
    if missing:
        yield Finding(
            Reason.PROOF_INCOMPLETE, Weight.DENY, proof_id=proof.id, missing=missing, word=proof.basis
        )
    if _is_stale(case, proof):
        yield Finding(Reason.PROOF_STALE, Weight.DENY, proof_id=proof.id, at=proof.at, word=proof.basis)
    if proof.basis not in _ASKED:
        # One page that says no outweighs every page that says nothing; only their own word outweighs it.
        for other in case.facts.proofs:
            if other.declines_offers:
                yield Finding(Reason.PAGE_DECLINES, Weight.DENY, proof_id=other.id, at=other.at)
                break
    if proof.basis is Basis.LEGITIMATE_INTEREST:
        yield from _interest_faults(case, proof)


def _missing(proof: Proof) -> tuple[str, ...]:
    parts = {
        "url": proof.has_url,
        "wording": proof.has_wording,
        "channel": proof.has_channel,
        "confirmation": proof.confirmed,
    }
    needed = {
        Basis.PUBLISHED_ADDRESS: ("url", "wording", "confirmation"),
        Basis.CONSENT: ("wording", "channel"),
        Basis.CUSTOMER: ("wording",),
        Basis.LEGITIMATE_INTEREST: (),
    }
    return tuple(part for part in needed[proof.basis] if not parts[part])


def _is_stale(case: Case, proof: Proof) -> bool:
    age = case.now - bounded(proof.at)
    if proof.stale:
        return True
    if proof.basis is Basis.PUBLISHED_ADDRESS:
        return age >= case.facts.budgets.proof_age
    limits = [rule.customer_age for rule in case.rules if rule.customer_age is not None]
    return proof.basis is Basis.CUSTOMER and bool(limits) and age >= min(limits)


def _interest_faults(case: Case, proof: Proof) -> Iterator[Finding]:
    if not case.facts.interest_allowed:
        yield Finding(Reason.INTEREST_SWITCHED_OFF, Weight.DENY)
    assessment = proof.assessment
    if assessment is None:
        yield Finding(Reason.ASSESSMENT_MISSING, Weight.DENY, proof_id=proof.id)
        return
    if not assessment.active:
        yield Finding(Reason.ASSESSMENT_INACTIVE, Weight.DENY, proof_id=assessment.id)
    if not assessment.covers(case.country):
        yield Finding(
            Reason.ASSESSMENT_OUT_OF_SCOPE, Weight.DENY, proof_id=assessment.id, country=case.country
        )
    if bounded_day(assessment.review_on) <= case.day_of(case.now):
        yield Finding(Reason.ASSESSMENT_OVERDUE, Weight.DENY, proof_id=assessment.id)
