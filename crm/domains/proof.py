"""Do our own mails prove where they come from? Pure judgement over the records of a domain (standards §4)."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crm.domains.authentication import AuthFault, dmarc, spf

Texts = Sequence[str] | None
"""The TXT records of a name; None when nobody can tell."""


class Mark(enum.StrEnum):
    """How a domain does."""

    PASS = "pass"  # noqa: S105 - a mark
    FAIL = "fail"
    UNKNOWN = "unknown"
    """An outage, or we were not told where to look. Never a fault."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A mark, and in words what is wrong."""

    mark: Mark
    words: str = ""


@dataclass(frozen=True, slots=True)
class Records:
    """What the name system says of one sending domain."""

    domain: str
    dmarc: Texts
    """At `_dmarc.` of it, else of the domain that somebody registered."""

    dkim: Mapping[str, Texts]
    """By selector; empty when none was named, and then it is not judged."""

    spf: Texts = ()
    asks_spf: bool = True
    """False where the provider has an envelope domain of its own."""


_GOOD: Final = Judgement(Mark.PASS)


def judge(records: Records) -> Judgement:
    """All of SPF, DKIM and DMARC; a fault counts even where something else is unknown."""
    found = [_judged(dmarc, records.dmarc)]
    if records.dkim:
        found.append(_dkim(records))
    if records.asks_spf:
        found.append(_judged(spf, records.spf))
    faults = [one.words for one in found if one.mark is Mark.FAIL]
    if faults:
        return Judgement(Mark.FAIL, f"{records.domain}: {' '.join(faults)}")
    unknown = any(one.mark is Mark.UNKNOWN for one in found)
    return Judgement(Mark.UNKNOWN) if unknown else _GOOD


Rule = Callable[[Sequence[str]], AuthFault | None]
_WORDS: Final[Mapping[tuple[Rule, AuthFault], str]] = {
    (dmarc, AuthFault.MISSING): "There is no DMARC record.",
    (dmarc, AuthFault.SEVERAL): "There is more than one DMARC record, so none of them counts.",
    (spf, AuthFault.MISSING): "There is no SPF record.",
    (spf, AuthFault.SEVERAL): "There is more than one SPF record, so none of them counts.",
    (spf, AuthFault.LETS_ANYBODY): "The SPF record ends in neither -all nor ~all: everybody may send as us.",
}
"""A DMARC record without a policy is one that asks for nothing: no reason to stop."""


def _judged(rule: Rule, records: Texts) -> Judgement:
    if records is None:
        return Judgement(Mark.UNKNOWN)
    fault = rule(records)
    words = _WORDS.get((rule, fault)) if fault is not None else None
    return Judgement(Mark.FAIL, words) if words else _GOOD


def _dkim(records: Records) -> Judgement:
    """One key that works is enough: a provider has a second one for when it changes the first."""
    texts = list(records.dkim.values())
    keys = [_key(text) for some in texts if some is not None for text in some]
    if any(keys):
        return _GOOD
    if any(some is None for some in texts):
        return Judgement(Mark.UNKNOWN)
    where = " or ".join(f"{name}._domainkey" for name in records.dkim)
    what = "was withdrawn" if keys else "is missing"
    return Judgement(Mark.FAIL, f"The DKIM key at {where} {what}.")


def _key(text: str) -> str:
    """The public key of a DKIM record; empty when it was withdrawn or the record is another one."""
    pairs = (part.partition("=") for part in text.split(";"))
    tags = {name.strip(): value.strip() for name, _, value in pairs}
    return tags.get("p", "") if tags.get("v", "DKIM1") == "DKIM1" else ""
