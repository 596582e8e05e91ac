"""What makes an answer an ordinary one. Without it a person is asked: no list of noes is complete."""

import enum
from collections.abc import Sequence
from typing import Final

from crm.replies import families
from crm.replies.folding import fold
from crm.replies.sentences import Sentence, sentences_of

_QUESTION: Final = 4  # words; `you again?` asks nothing
_TEMPER: Final = frozenset({"annoyed", "insult", "threat"})


class Tone(enum.StrEnum):
    """What kind of answer it is."""

    INTERESTED = "interested"
    """They ask for a call, a price, an example."""

    OTHER_DESK = "other_desk"
    """They send us to somebody else, or our mail."""

    PLAIN = "plain"
    """They ask or tell something about the matter."""

    UNSURE = "unsure"


def tone_of(text: str) -> Tone:
    """The tone of somebody's own words, in whatever language."""
    sentences = sentences_of(fold(text))
    said = [_said(sentence) for sentence in sentences]
    every = frozenset().union(*said) if said else frozenset()
    if wants_more(sentences):
        return Tone.INTERESTED
    if "else" in every:
        return Tone.OTHER_DESK
    calm = not every & {"no", *_TEMPER}
    if any(_asks(one, names, calm=calm) for one, names in zip(sentences, said, strict=True)):
        return Tone.PLAIN
    if any(_tells(clause) for sentence in sentences for clause in sentence.clauses):
        return Tone.PLAIN
    is_about_us = bool(every & {"no", *_TEMPER}) or ("stop" in every and "supplier" not in every)
    return Tone.PLAIN if every & {"open", "time"} and not is_about_us else Tone.UNSURE


def wants_more(sentences: Sequence[Sentence]) -> bool:
    """Tell whether they want a call, a price, an example; not whether they name one to refuse it."""
    known = (_of_clause(clause) for sentence in sentences for clause in sentence.clauses)
    return any(
        "hey" in names
        and not names & {"quit", "remove", *_TEMPER}
        and ("no" not in names or names & {"hesitate", "time"})
        for names in known
    )


def _of_clause(clause: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        name for word in clause for names in families.families_of(word).values() for name in names
    )


def _asks(sentence: Sentence, names: frozenset[str], *, calm: bool) -> bool:
    """Tell whether a question is about the matter, or at least about nothing of theirs."""
    if not sentence.is_question or names & {"quit", *_TEMPER}:
        return False
    if names & {"open", "time"}:
        return True
    is_long = len(sentence.text.split()) >= _QUESTION
    return is_long and not names & {"no", "stop", "self", "addr"} and (calm or "ask" in names)


def _tells(clause: tuple[str, ...]) -> bool:
    """Tell whether a clause makes an appointment, or says that something has not arrived."""
    known = [families.families_of(word) for word in clause]
    names = _of_clause(clause)
    if "time" in names and not names & {"no", *_TEMPER}:
        return True
    return any(
        {"have", "got", "no"} <= frozenset(name for word in known for name in word.get(language, ()))
        for language in families.LANGUAGES
    )


def _said(sentence: Sentence) -> frozenset[str]:
    return frozenset().union(*map(_of_clause, sentence.clauses))
