"""The judge: asks every check, and believes no part of the program."""

from collections import Counter
from typing import Final

from tests.simulation import checks, checks_of_record
from tests.simulation.evidence import Check, Evidence, Findings

CHECKS: Final[dict[str, Check]] = {
    "duplicates": checks.duplicates,
    "after_final": checks.after_final,
    "after_the_end": checks.after_the_end,
    "while_held": checks.while_held,
    "outside_window": checks.outside_window,
    "over_cap": checks.over_cap,
    "too_soon": checks.too_soon,
    "too_close": checks.too_close,
    "out_of_order": checks.out_of_order,
    "lost": checks_of_record.lost,
    "invented": checks_of_record.invented,
    "doubt_ended_by_itself": checks_of_record.doubt_ended_by_itself,
    "unheard": checks_of_record.unheard,
    "never_said": checks_of_record.never_said,
    "unrendered": checks.unrendered,
    "leads": checks_of_record.leads,
    "open_transactions": checks_of_record.open_transactions,
    "broken": checks_of_record.broken,
}


def judge(evidence: Evidence) -> Findings:
    """Look for everything that must not be."""
    found = {name: list(check(evidence)) for name, check in CHECKS.items()}
    return Findings(
        wrong={name: lines for name, lines in found.items() if lines},
        hand_overs=len(evidence.history),
        told=len(evidence.told),
        states=dict(Counter(row.state for row in evidence.dump.messages)),
    )
