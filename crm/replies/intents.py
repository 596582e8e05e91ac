"""What somebody asks of us in their own words: to stop, or about their data; and how sure that is."""

import re
from dataclasses import dataclass
from typing import Final

from crm.replies.folding import fold
from crm.replies.phrases import Phrase, phrases
from crm.replies.verdicts import Scope, Sub

_PARAGRAPH: Final = re.compile(r"\n[ \t]*\n")
_SENTENCE_END: Final = re.compile(r"[.!?;:]+(?=\s|$)|\s-\s|[()]")
_ABBREVIATION: Final = re.compile(r"\b(?:[a-z]\.){2,}")
_WORD: Final = re.compile(r"[\w'@.&+-]+")
_LONGEST_WORD: Final = 60  # characters
_MOST_WORDS: Final = 400  # of a sentence
_WINDOW: Final = 4  # words before a phrase in which a no turns it
_ALONE: Final = 8  # words of a message that may surround a line like "stop"


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


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Its words with one blank between them, and the places where a new thought begins."""

    text: str
    turns: tuple[int, ...]


def intents(text: str) -> tuple[Intent, ...]:
    """Everything that is said, the message as a whole first."""
    plain = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), fold(text))
    folded = _without_greeting(plain)
    whole = _alone(folded)
    sentences = _sentences(folded)
    said = [
        intent
        for sentence in sentences
        for phrase in phrases().phrases
        if (intent := _said(phrase, sentence))
    ]
    return tuple([whole] if whole else []) + tuple(said)


def _alone(folded: str) -> Intent | None:
    """A message, or its first line, that is nothing but one of the short ways to say no."""
    lines = [" ".join(_words(line)) for line in folded.split("\n")]
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
    last = known.get(lines[-1])
    return Intent("alone.last_line", Sub.WORD, is_weak=True) if last is Sub.UNSUBSCRIBE else None


def _short(sub: Sub) -> Intent:
    return Intent(f"alone.{sub}", sub, is_weak=sub is Sub.WORD)


def _without_greeting(folded: str) -> str:
    lines = folded.strip().split("\n")
    while lines and (not lines[0].strip() or phrases().greeting.fullmatch(lines[0].strip().rstrip(",.!: "))):
        lines = lines[1:]
    return "\n".join(lines)


def _sentences(folded: str) -> list[_Sentence]:
    paragraphs = (paragraph.replace("\n", " ") for paragraph in _PARAGRAPH.split(folded))
    pieces = (piece for paragraph in paragraphs for piece in _SENTENCE_END.split(paragraph))
    return [_sentence(piece) for piece in pieces if piece.strip()]


def _sentence(text: str) -> _Sentence:
    turns: list[int] = []
    words: list[str] = []
    length = 0
    for clause in text.split(","):
        turns.append(length)
        for word in _words(clause):
            if word in phrases().turns:
                turns.append(length)
            words.append(word)
            length += len(word) + 1
    return _Sentence(" ".join(words[:_MOST_WORDS]), tuple(turns))


def _words(text: str) -> list[str]:
    found = (word.strip(".-'&+")[:_LONGEST_WORD] for word in _WORD.findall(text))
    return [word for word in found if word]


def _said(phrase: Phrase, sentence: _Sentence) -> Intent | None:
    found = phrase.pattern.search(sentence.text)
    if not found or (phrase.unless and phrase.unless.search(sentence.text)):
        return None
    scope = Scope.COMPANY if phrases().company.search(sentence.text) else Scope.ADDRESS
    hedge = Sub.NONE if phrase.is_weak else _hedge(phrase, sentence, found)
    return Intent(phrase.code, phrase.sub, phrase.is_rights, phrase.is_weak, hedge, scope)


def _hedge(phrase: Phrase, sentence: _Sentence, found: re.Match[str]) -> Sub:
    known = phrases()
    if phrase.is_negatable or phrase.is_rights:
        thought = max((turn for turn in sentence.turns if turn <= found.start()), default=0)
        before = sentence.text[thought : found.start()].split()[-_WINDOW:]
        if known.negation.search(" ".join([*before, found[0]])):
            return Sub.NEGATED
    if phrase.is_rights:
        return Sub.NONE
    if known.for_now.search(sentence.text):
        return Sub.NOT_NOW
    if phrase.sub is Sub.DECLINED and known.but.search(sentence.text, found.end()):
        return Sub.NOT_NOW
    return Sub.NONE
