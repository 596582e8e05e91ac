"""Noes and answers put together at random from their parts: whatever the words between, no no is missed."""

import random
import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crm.replies.classify import classify
from crm.replies.reading import read
from crm.replies.verdicts import MailKind
from scripts.replies_corpus import written

_LONG = 6  # letters: a slip in `no` itself turns the sense for every reader
SAFE = {MailKind.OPT_OUT, MailKind.RIGHTS, MailKind.UNCLEAR}
CLIENTS = ("bare", "gmail", "outlook", "phone", "below", "gmail_html", "outlook_html", "apple")

PARTS = tomllib.loads(Path(__file__).with_name("paraphrases.toml").read_text("utf-8"))
"""Sentences in their parts, by kind and language."""

GREETINGS = {
    "nl": ("Beste Sanne,\n\n", "Hoi,\n\n", ""),
    "en": ("Hi Sanne,\n\n", "Dear Sir,\n\n", ""),
    "de": ("Sehr geehrte Frau de Wit,\n\n", "Hallo,\n\n", ""),
    "fr": ("Bonjour,\n\n", "Madame,\n\n", ""),
}
CLOSINGS = {
    "nl": ("\n\nMet vriendelijke groet,\nJan", "\n\nGr. Jan", ""),
    "en": ("\n\nKind regards,\nJan", "\n\nBest, Jan", ""),
    "de": ("\n\nMit freundlichen Grüßen\nJan", ""),
    "fr": ("\n\nCordialement,\nJan", ""),
}


def said(rng: random.Random, kind: str) -> tuple[str, str]:
    language = rng.choice(sorted(PARTS[kind]))
    slots = rng.choice(PARTS[kind][language]).split(" | ")
    words = " ".join(filter(None, (rng.choice(slot.split("/")) for slot in slots)))
    end = rng.choice([".", "!", ""])
    text = rng.choice(GREETINGS[language]) + words + end + rng.choice(CLOSINGS[language])
    return language, text.lower() if rng.random() < 0.3 else text


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 10**9))
def test_a_no_is_heard_however_it_is_put_together(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    language, text = said(rng, "noes")
    verdict = classify(read(written("", language, rng.choice(CLIENTS), text)))
    assert verdict.kind in SAFE, text


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**9))
def test_an_answer_is_never_taken_for_a_no(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    language, text = said(rng, "answers")
    text = text.replace(".", "?")
    verdict = classify(read(written("", language, rng.choice(CLIENTS), text)))
    assert verdict.kind not in {MailKind.OPT_OUT, MailKind.RIGHTS}, (text, verdict.evidence)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**9))
def test_a_slip_of_the_keys_in_a_long_word_makes_no_no_an_answer(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - nothing secret
    language, text = said(rng, "noes")
    words = text.split(" ")
    at = rng.randrange(len(words))
    word = words[at]
    if len(word) > _LONG:
        cut = rng.randrange(1, len(word) - 1)
        words[at] = word[:cut] + word[cut + 1 :]
    verdict = classify(read(written("", language, "bare", " ".join(words))))
    assert verdict.kind in SAFE, " ".join(words)
