"""The gate's answer: a verdict, every reason with its proof, and when to ask again."""

import enum
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from typing import Final, Self

from crm.permission.reasons import MENDERS, Mender, Reason, Weight


class Verdict(enum.StrEnum):
    """May we write?"""

    ALLOW = "allow"
    WAIT = "wait"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason, and the ids and dates that show it. Holds nothing that names a person."""

    reason: Reason
    weight: Weight
    _: KW_ONLY
    proof_id: int | None = None
    """The evidence, refusal or assessment it rests on."""

    at: datetime | None = None
    """When that happened."""

    until: datetime | None = None
    """When it ends by itself, or must be done."""

    country: str = ""
    code: str = ""
    """What the country asks: the letter of the table, upper case."""

    word: str = ""
    """A further enum value: the kind of basis, source or column."""

    missing: tuple[str, ...] = ()
    """Which parts of a proof are not there."""

    count: int | None = None
    limit: int | None = None

    @property
    def mender(self) -> Mender:
        """Who can change it."""
        return MENDERS.get(self.reason, Mender.NOBODY)


_STRICTEST_FIRST: Final = (Weight.DENY, Weight.WAIT, Weight.OK)
_VERDICTS: Final = {Weight.DENY: Verdict.DENY, Weight.WAIT: Verdict.WAIT, Weight.OK: Verdict.ALLOW}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says, with every reason, the strictest first."""

    verdict: Verdict
    reasons: tuple[Finding, ...]
    retry_at: datetime | None
    """With `wait`: no answer but this one before then, in UTC. None when time alone changes nothing."""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Self:
        """Add the findings up: the strictest wins. Nothing found at all is a no."""
        found = tuple(dict.fromkeys(findings))
        ordered = tuple(one for weight in _STRICTEST_FIRST for one in found if one.weight is weight)
        verdict = _VERDICTS[ordered[0].weight] if ordered else Verdict.DENY
        waits = [one.until for one in found if one.weight is Weight.WAIT and one.until is not None]
        return cls(verdict, ordered, max(waits, default=None) if verdict is Verdict.WAIT else None)

    @property
    def allows(self) -> bool:
        """The mail may leave now."""
        return self.verdict is Verdict.ALLOW

    @property
    def against(self) -> tuple[Finding, ...]:
        """What stands against it; empty when it is allowed."""
        return tuple(one for one in self.reasons if one.weight is not Weight.OK)

    @property
    def proofs(self) -> tuple[Finding, ...]:
        """What speaks for it."""
        return tuple(one for one in self.reasons if one.weight is Weight.OK)

    def has(self, reason: Reason) -> bool:
        """Tell whether this is one of the reasons."""
        return any(one.reason is reason for one in self.reasons)
