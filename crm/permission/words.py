"""The gate's findings in words: what it is, the proof, and what would mend it by whom."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from crm.kernel.zones import FALLBACK
from crm.permission.countries import load
from crm.permission.findings import Decision, Finding, Verdict
from crm.permission.reasons import Mender, Reason
from crm.permission.terms import Basis

OURS: Final = ZoneInfo(FALLBACK)

WHO: Final[Mapping[Mender, str]] = {
    Mender.NOBODY: "",
    Mender.TIME: "Time alone:",
    Mender.THEM: "They themselves:",
    Mender.SALES: "You or a colleague:",
    Mender.MANAGER: "A manager:",
    Mender.PRIVACY: "The privacy desk:",
    Mender.ADMIN: "An administrator:",
    Mender.OWNER: "The owner:",
}
_NEEDS: Final = {
    "C": "consent or an order of theirs",
    "P": "consent, an order of theirs or an address they publish for such mail",
    "O": "consent, an order, a published address or an assessed legitimate interest",
    "O1": "consent, an order, a published address or an assessed legitimate interest, for their role,",
    "U": "consent or an order of theirs",
}
_WITH_ARTICLE: Final = frozenset({"NL", "GB", "US"})
COLUMNS: Final = {
    "named_corporate": "a person at a company",
    "generic_info": "a desk of a company",
    "sole_trader": "a sole trader or partnership",
}
_BASES: Final = {
    Basis.PUBLISHED_ADDRESS.value: "published address",
    Basis.CUSTOMER.value: "customer",
    Basis.CONSENT.value: "consent",
    Basis.LEGITIMATE_INTEREST.value: "legitimate interest",
}
_VAGUELY: Final = {
    "country": "their country",
    "needs": "a ground that counts there",
    "basis": "evidence",
    "who": "",
}
_PARTS: Final = {
    "url": "the page",
    "wording": "the wording",
    "channel": "how it was given",
    "confirmation": "who read the page and confirmed it",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One finding for a salesperson."""

    title: str
    detail: str
    """The proof in a sentence; may be empty."""

    mend: str
    """Who may do what about it; empty when nothing needs mending."""

    short: str
    """A few words for a list."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    short: str
    title: str
    detail: tuple[str, ...]
    mend: str


@cache
def _phrases() -> Mapping[Reason, _Phrase]:
    text = Path(__file__).with_name("words.en.toml").read_text("utf-8")
    return {
        Reason(name): _Phrase(words["short"], words["title"], tuple(words["detail"]), words["mend"])
        for name, words in tomllib.loads(text).items()
    }


def explain(finding: Finding, zone: ZoneInfo = OURS) -> Explanation:
    """Put one finding into words, with dates on the clocks of `zone`."""
    phrase, values = _phrases()[finding.reason], _values(finding, zone)
    details = (_filled(line, values) for line in phrase.detail)
    vague = {**_VAGUELY, **values}
    return Explanation(
        title=_filled(phrase.title, vague) or "",
        detail=next((line for line in details if line), ""),
        mend=_filled(phrase.mend, vague) or "",
        short=phrase.short.format_map(vague),
    )


def explained(decision: Decision, zone: ZoneInfo = OURS) -> list[tuple[Finding, Explanation]]:
    """Every reason in words that are true beside the others."""
    return [(one, beside(one, decision, zone)) for one in decision.reasons]


def beside(finding: Finding, decision: Decision, zone: ZoneInfo = OURS) -> Explanation:
    """One reason in words that are true beside the others of its decision.

    Where a whole company said no, releasing colleagues of somebody who answered lets no mail go.
    """
    said = explain(finding, zone)
    changes_nothing = said.mend and finding.reason in RELEASED and refused_by_company(decision)
    return replace(said, mend=_NO_RELEASE) if changes_nothing else said


def refused_by_company(decision: Decision) -> bool:
    """Tell whether one of the reasons is the no of their whole company."""
    return decision.has(Reason.DOMAIN_REFUSED) or decision.has(Reason.COMPANY_REFUSED)


RELEASED: Final = frozenset({Reason.COLLEAGUE_REFUSED, Reason.COLLEAGUE_REPLIED})
"""What releasing the others at a company ends."""

_NO_RELEASE: Final = "Nothing can be released: the no of their whole company stands."


def in_short(decision: Decision, zone: ZoneInfo = OURS) -> str:
    """The strictest reason, or the ground it is allowed on, in a few words for a list."""
    if decision.verdict is Verdict.WAIT and decision.retry_at is not None:
        return f"from {_day(decision.retry_at, zone).rpartition(' ')[0]}"
    bases = (one for one in decision.reasons if one.reason in _GROUNDS)
    found = next(bases, None) if decision.allows else None
    found = found or next(iter(decision.reasons), None)
    return explain(found, zone).short if found else ""


_GROUNDS: Final = frozenset(
    {
        Reason.CONSENT_RECORDED,
        Reason.CUSTOMER_RECORDED,
        Reason.ADDRESS_PUBLISHED,
        Reason.INTEREST_ASSESSED,
    }
)


def _values(finding: Finding, zone: ZoneInfo) -> dict[str, str]:
    known = {
        "at": _day(finding.at, zone),
        "until": _day(finding.until, zone),
        "country": _country(finding.country),
        "code": finding.code,
        "needs": _NEEDS.get(finding.code, ""),
        "column": COLUMNS.get(finding.word, ""),
        "basis": _BASES.get(finding.word, ""),
        "missing": ", ".join(_PARTS[part] for part in finding.missing),
        "count": "" if finding.count is None else str(finding.count),
        "limit": "" if finding.limit is None else str(finding.limit),
        "who": WHO[finding.mender],
    }
    return {name: value for name, value in known.items() if value}


def _country(code: str) -> str:
    return f"the {load().name(code)}" if code in _WITH_ARTICLE else load().name(code)


def _filled(line: str, values: Mapping[str, str]) -> str | None:
    """The line with its values, starting with a capital; None when one of them is not known."""
    try:
        filled = line.format_map(values).strip()
    except KeyError:
        return None
    return filled[:1].upper() + filled[1:]


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    """`Wed 25 Nov 2026`, in English whatever the machine speaks."""
    if moment is None:
        return ""
    here = moment.astimezone(zone)
    return f"{_WEEKDAYS[here.weekday()]} {here.day} {_MONTHS[here.month - 1]} {here.year}"


_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
