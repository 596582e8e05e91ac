"""The phrases of `phrases.toml`, ready to be looked for in one folded sentence."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from crm.replies.verdicts import Sub

_FILE: Final = Path(__file__).with_name("phrases.toml")
# What the marks between two words stand for; the longer one first.
_GAPS: Final = {"\u2026\u2026": r"(?: \S+){0,7}? ", "\u2026": r"(?: \S+){0,3}? "}


class Phrase(NamedTuple):
    """One way of saying something."""

    code: str
    sub: Sub
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    is_negatable: bool
    is_rights: bool
    is_weak: bool


class Phrases(NamedTuple):
    """Everything people say, and what makes it less."""

    alone: Mapping[str, Sub]
    """Whole messages, without punctuation at their ends."""

    phrases: tuple[Phrase, ...]
    negation: re.Pattern[str]
    for_now: re.Pattern[str]
    but: re.Pattern[str]
    someday: re.Pattern[str]
    company: re.Pattern[str]
    turns: frozenset[str]
    greeting: re.Pattern[str]


@cache
def phrases() -> Phrases:
    """The shipped phrases."""
    found = tomllib.loads(_FILE.read_text("utf-8"))
    hedges = found["hedges"]
    alone = {text: Sub(meaning) for meaning, texts in found["alone"].items() for text in texts}
    return Phrases(
        alone,
        tuple(map(_phrase, found["phrase"])),
        re.compile(hedges["negation"]),
        re.compile(hedges["for_now"]),
        re.compile(hedges["but"]),
        re.compile(hedges["someday"]),
        re.compile(found["scope"]["company"]),
        frozenset(hedges["turns"]),
        re.compile(found["greeting"]["pattern"]),
    )


def _phrase(found: Mapping[str, Any]) -> Phrase:
    unless = found.get("unless")
    return Phrase(
        code=found["code"],
        sub=Sub(found["sub"]),
        pattern=_compiled(found["pattern"]),
        unless=_compiled(unless) if unless else None,
        is_negatable=found.get("negatable", False),
        is_rights=found.get("rights", False),
        is_weak=found.get("weak", False),
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    for mark, words in _GAPS.items():
        pattern = pattern.replace(mark, words)
    return re.compile(pattern)
