"""What somebody asks of us in their own words: to stop, or about their data; and how sure that is."""

import re
from dataclasses import dataclass
from typing import Final

from crm.replies import families
from crm.replies.answers import wants_more
from crm.replies.families import Hit
from crm.replies.folding import fold
from crm.replies.phrases import Phrase, phrases
from crm.replies.sentences import Sentence, sentences_of, without_greeting, words_of
from crm.replies.verdicts import Scope, Sub

_ABBREVIATION: Final = re.compile(r"\b(?:[a-z]\.){2,}")
_WINDOW: Final = 4  # words before a phrase in which a no turns it
_ALONE: Final = 8  # words of a message that may surround a line like "stop"
_SHORT: Final = 5  # words of a message in which any no counts
_LOUD: Final = ("threat", "mail_again", "less")
"""Rules that count beside a plain yes as well: it may be meant otherwise."""


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing that was said."""

    code: str
    sub: Sub
    is_rights: bool = False
    is_weak: bool = False
    hedge: Sub = Sub.NONE
    """Why it is less than certain."""

    scope: Scope = Scope.ADDRESS

    @property
    def is_certain(self) -> bool:
        """It means what it says."""
        return self.hedge is Sub.NONE and not self.is_weak


def intents(text: str) -> tuple[Intent, ...]:
    """Everything that is said, the message as a whole first."""
    plain = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), fold(text))
    folded = without_greeting(plain)
    whole = _alone(folded)
    said: list[Intent] = []
    sentences = sentences_of(folded)
    for sentence in sentences:
        said += [one for phrase in phrases().phrases if (one := _said(phrase, sentence))]
    meant = [one for sentence in sentences for one in _meant(sentence)]
    if not said and not whole and all(one.is_weak for one in meant):
        meant = _left_of(meant, sentences)
    return tuple([whole] if whole else []) + tuple(said) + tuple(meant)


def _alone(folded: str) -> Intent | None:
    """A message, or its first line, that is nothing but a short way to say no; any other line says less."""
    lines = [" ".join(words_of(line)) for line in folded.split("\n")]
    lines = [line for line in lines if line]
    known = phrases().alone
    if not lines:
        return None
    whole = " ".join(lines)
    if whole in known:
        return _short(known[whole])
    first = known.get(lines[0])
    if first is Sub.UNSUBSCRIBE or (first and len(whole.split()) <= _ALONE):
        return _short(first)
    said = (*lines, *(sentence.text for sentence in sentences_of(folded)))
    if any(known.get(one) is Sub.UNSUBSCRIBE for one in said):
        return Intent("alone.beside", Sub.WORD, is_weak=True)
    return None


def _short(sub: Sub) -> Intent:
    return Intent(f"alone.{sub}", sub, is_weak=sub is Sub.WORD)


def _said(phrase: Phrase, sentence: Sentence) -> Intent | None:
    found = phrase.pattern.search(sentence.text)
    if not found or (phrase.unless and phrase.unless.search(sentence.text)):
        return None
    is_weak = phrase.is_weak or (sentence.is_question and not phrase.is_rights and _is_about_goods(sentence))
    hedge = Sub.NONE if is_weak else _hedge(phrase, sentence, found)
    return Intent(phrase.code, phrase.sub, phrase.is_rights, is_weak, hedge, _scope(sentence))


def _is_about_goods(sentence: Sentence) -> bool:
    """Tell whether a question is about photos, contracts and the like."""
    words = (word for clause in sentence.clauses for word in clause)
    return any("goods" in names for word in words for names in families.families_of(word).values())


def _scope(sentence: Sentence) -> Scope:
    return Scope.COMPANY if phrases().company.search(sentence.text) else Scope.ADDRESS


def _hedge(phrase: Phrase, sentence: Sentence, found: re.Match[str]) -> Sub:
    known = phrases()
    if _is_someday(sentence) and not phrase.is_rights:
        return Sub.NEGATED
    if phrase.is_negatable or phrase.is_rights:
        thought = max((turn for turn in sentence.turns if turn <= found.start()), default=0)
        before = sentence.text[thought : found.start()].split()[-_WINDOW:]
        if known.negation.search(" ".join([*before, found[0]])):
            return Sub.NEGATED
    if phrase.is_rights:
        return Sub.NONE
    return _later(phrase.sub, sentence, after=found.end())


def _is_someday(sentence: Sentence) -> bool:
    """Tell whether they only ask how they would stop, once they are customers."""
    return sentence.is_question and bool(phrases().someday.search(sentence.text))


def _later(sub: Sub, sentence: Sentence, *, after: int) -> Sub:
    """No for now, or no to one thing."""
    known = phrases()
    if known.for_now.search(sentence.text):
        return Sub.NOT_NOW
    return Sub.NOT_NOW if sub is Sub.DECLINED and known.but.search(sentence.text, after) else Sub.NONE


def _meant(sentence: Sentence) -> list[Intent]:
    return [
        _intent(hit, clause, sentence)
        for clause in sentence.clauses
        for hit in families.hits(clause, is_question=sentence.is_question)
    ]


def _intent(hit: Hit, clause: tuple[str, ...], sentence: Sentence) -> Intent:
    rule = hit.rule
    hedge = Sub.NONE
    inside = 4 if "stop" in rule.needs[0] else 0
    turned = rule.is_negatable and _is_turned(clause[max(0, hit.start - _WINDOW) : hit.start + inside])
    if turned or (_is_someday(sentence) and not rule.is_rights):
        hedge = Sub.NEGATED
    if hedge is Sub.NONE and hit.is_sure and not rule.is_rights:
        hedge = _later(rule.sub, sentence, after=0)
    code = f"{hit.language}.{rule.code}"
    return Intent(code, rule.sub, rule.is_rights, not hit.is_sure, hedge, _scope(sentence))


def _is_turned(before: tuple[str, ...]) -> bool:
    """Tell whether a no stands before it, in whatever language: many words of a no belong to several."""
    return any("no" in names for word in before for names in families.families_of(word).values())


def _left_of(meant: list[Intent], sentences: list[Sentence]) -> list[Intent]:
    """What stays of suspicious words: little beside a plain yes, more in a message of few words."""
    words = [word for sentence in sentences for clause in sentence.clauses for word in clause]
    said = frozenset(
        name for word in words for names in families.families_of(word).values() for name in names
    )
    if wants_more(sentences):
        return [one for one in meant if one.code.endswith(_LOUD)]
    is_asked = any(sentence.is_question for sentence in sentences)
    is_no = bool(said & {"no", "annoyed", "stop", "insult"}) and not said & {"we", "got"}
    if not meant and not is_asked and is_no and len(words) <= _SHORT:
        return [Intent("short.no", Sub.WORD, is_weak=True)]
    return meant
