"""Short answers in four languages: a no is heard, a yes is not mistaken for one, doubt pauses."""

import tomllib
from pathlib import Path

import pytest

from crm.replies.classify import classify
from crm.replies.verdicts import MailKind
from tests.replies.mails import mail

SENTENCES = tomllib.loads(Path(__file__).with_name("sentences.toml").read_text("utf-8"))
CASES = [
    (kind, text) for kind, languages in SENTENCES.items() for texts in languages.values() for text in texts
]
SAFE = {MailKind.UNCLEAR, MailKind.OPT_OUT, MailKind.RIGHTS}


@pytest.mark.parametrize(("kind", "text"), CASES, ids=[text for _, text in CASES])
def test_an_answer_is_heard_as_it_is_meant(kind: str, text: str) -> None:
    verdict = classify(mail(text, "Re: photos", "In-Reply-To: <a@p.example>"))
    if kind in {"safe", "opt_out"}:
        assert verdict.kind in SAFE
    elif kind == "person":
        assert verdict.kind in {MailKind.PERSON, MailKind.UNCLEAR}
    else:
        assert verdict.kind == kind


@pytest.mark.parametrize(("kind", "least"), [("person", 0.9), ("opt_out", 0.9)])
def test_nearly_every_plain_answer_needs_nobody_to_say_what_it_is(kind: str, least: float) -> None:
    said = [text for one, text in CASES if one == kind]
    heard = [classify(mail(text, "Re: photos", "In-Reply-To: <a@p.example>")).kind == kind for text in said]
    assert sum(heard) / len(heard) >= least


@pytest.mark.parametrize("text", [text for kind, text in CASES if kind in {"opt_out", "rights"}])
def test_a_no_stays_one_between_a_greeting_and_a_signature(text: str) -> None:
    letter = f"Beste mensen,\n\n{text}\n\nMet vriendelijke groet,\nJan de Wit\nLampenwinkel BV\n06 12345678"
    assert classify(mail(letter, "Re: photos", "In-Reply-To: <a@p.example>")).kind in SAFE


@pytest.mark.parametrize("text", [text for kind, text in CASES if kind == "opt_out"])
def test_what_is_only_quoted_was_not_said(text: str) -> None:
    answer = f"Prima, bel me.\n\nOp ma 23 nov 2026 om 09:30 schreef Produfoto <s@p.example>:\n\n> {text}\n"
    assert classify(mail(answer, "Re: photos", "In-Reply-To: <a@p.example>")).kind is MailKind.PERSON


@pytest.mark.parametrize(
    "text",
    [
        "Dit adres wordt niet meer gebruikt.",
        "This address is no longer in use.",
        "Diese Adresse wird nicht mehr verwendet.",
        "Cette adresse n'est plus utilisée.",
        "Ik ben met vakantie tot 14 december en lees mijn mail niet.",
        "Ich bin bis 11.12. nicht im Büro. Ihre E-Mail wird nicht weitergeleitet.",
    ],
)
def test_who_does_not_read_here_has_not_told_us_to_stop(text: str) -> None:
    """Without a program's marks: nothing goes on by itself, and nothing is refused for ever."""
    assert classify(mail(text, "Re: photos", "In-Reply-To: <a@p.example>")).kind is not MailKind.OPT_OUT
