"""What words mean together, whatever the order they stand in: the net under the phrases.

`phrases.toml` knows how people usually say it. Here a no is what it consists of: a word for stopping and one
for mail, a word for removing and one for themselves. Combinations that say little make it doubtful, not a no.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from crm.replies.verdicts import Sub

_FILE: Final = Path(__file__).with_name("families.toml")
LANGUAGES: Final = ("nl", "en", "de", "fr")

Word = Mapping[str, frozenset[str]]
"""The families of a word, by language."""


class Rule(NamedTuple):
    """One combination."""

    code: str
    needs: tuple[frozenset[str], ...]
    within: int
    sub: Sub
    is_sure: bool
    is_rights: bool
    is_negatable: bool
    order: frozenset[str]
    has_objects: bool
    beside: frozenset[str]
    first: frozenset[str]
    requires: frozenset[str]
    unless: tuple[frozenset[str], ...]
    question: str


class Hit(NamedTuple):
    """A rule that holds for a clause."""

    rule: Rule
    language: str
    start: int
    is_sure: bool


class _Families(NamedTuple):
    joined: tuple[tuple[str, re.Pattern[str]], ...]
    words: Mapping[str, Mapping[str, re.Pattern[str]]]
    rules: tuple[Rule, ...]
    prepositions: frozenset[str]


def joined(text: str) -> str:
    """Folded text with words that belong together made one."""
    for name, pattern in families().joined:
        text = pattern.sub(f" {name} ", text)
    return text


def hits(words: Sequence[str], *, is_question: bool) -> Iterator[Hit]:
    """Every combination in one clause."""
    known = [families_of(word) for word in words]
    for language in LANGUAGES:
        said = [word.get(language, frozenset()) for word in known]
        present = frozenset().union(*said) if said else frozenset()
        for rule in families().rules:
            if any(need.isdisjoint(present) for need in rule.needs):
                continue
            start = _start(rule, language, words, said, present)
            if start is not None:
                sure = rule.is_sure and _stays_sure(rule, said, present, is_question=is_question)
                if sure or rule.question != "nothing" or not is_question:
                    yield Hit(rule, language, start, sure)


def _start(
    rule: Rule, language: str, words: Sequence[str], said: Sequence[frozenset[str]], present: frozenset[str]
) -> int | None:
    if rule.requires and not rule.requires & present:
        return None
    if any(every <= present for every in rule.unless):
        return None
    in_order = language in rule.order
    return next(
        (
            at
            for at, word in enumerate(said)
            if any(need & word for need in rule.needs)
            and _fits(rule, words[at : at + rule.within], said[at : at + rule.within], in_order=in_order)
        ),
        None,
    )


def _fits(rule: Rule, words: Sequence[str], said: Sequence[frozenset[str]], *, in_order: bool) -> bool:
    """Tell whether each need finds a word of its own."""
    taken: set[int] = set()
    least = 0
    for need in rule.needs:
        places = [
            at
            for at, word in enumerate(said)
            if at not in taken and at >= least and need & word and _is_object(rule, need, words, at)
        ]
        if not places:
            return False
        taken.add(places[0])
        least = places[0] + 1 if in_order else 0
    return True


def _is_object(rule: Rule, need: frozenset[str], words: Sequence[str], at: int) -> bool:
    """Not `for us`: something is done to them, not for them."""
    if not rule.has_objects or "self" not in need or at == 0:
        return True
    return words[at - 1] not in families().prepositions


def _stays_sure(
    rule: Rule, said: Sequence[frozenset[str]], present: frozenset[str], *, is_question: bool
) -> bool:
    if rule.beside and not rule.beside & present:
        return False
    if rule.first and not (said and any(rule.first & word for word in said[:2])):
        return False
    if not is_question or not rule.question:
        return True
    return rule.question == "weak_without_self" and "self" in present


@lru_cache(maxsize=20_000)
def families_of(word: str) -> Word:
    """Which families a word belongs to."""
    found = {
        language: frozenset(name for name, pattern in names.items() if pattern.fullmatch(word))
        for language, names in families().words.items()
    }
    return {language: names for language, names in found.items() if names}


@cache
def families() -> _Families:
    """The shipped words and rules."""
    found = tomllib.loads(_FILE.read_text("utf-8"))
    shared = found["words"].pop("any")
    return _Families(
        joined=tuple((name, re.compile(rf"\b{text}(?!\w)")) for name, text in found["joined"].items()),
        words={
            language: {
                name: re.compile("|".join([*names.get(name, ()), *shared.get(name, ())]))
                for name in {**shared, **names}
            }
            for language, names in found["words"].items()
        },
        rules=tuple(map(_rule, found["rule"])),
        prepositions=frozenset(found["prepositions"]["words"]),
    )


def _rule(found: Mapping[str, Any]) -> Rule:
    return Rule(
        code=found["code"],
        needs=tuple(frozenset(need.split("|")) for need in found["needs"]),
        within=found.get("within", 1),
        sub=Sub(found["sub"]),
        is_sure=found.get("sure", False),
        is_rights=found.get("rights", False),
        is_negatable=found.get("negatable", False),
        order=frozenset(found.get("order", ())),
        has_objects=found.get("objects", False),
        beside=frozenset(found.get("with", ())),
        first=frozenset(found.get("first", ())),
        requires=frozenset(found.get("requires", ())),
        unless=tuple(frozenset(one.split("+")) for one in found.get("unless", ())),
        question=found.get("question", ""),
    )
