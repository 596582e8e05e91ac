"""Service mail that people asked for: the words of it, in their language. The frame comes with the letter."""

from datetime import date
from typing import NamedTuple

from crm.compose.words import words_in
from crm.kernel.controller import Controller
from crm.kernel.mail import Language
from crm.kernel.text import one_line


class Wording(NamedTuple):
    """Subject and plain-text body of a letter."""

    subject: str
    body: str


def signup_letter(
    language: Language, *, url: str, until: date, brand: str, sender_name: str, name: str | None = None
) -> Wording:
    """The sign-up link they asked for. `until` is the last day on which it works."""
    words = words_in(language)
    values = {
        "url": url,
        "until": words.date(until),
        "brand": one_line(brand),
        "sender": one_line(sender_name),
    }
    body = f"{_greeting(language, name)}\n\n{words.signup['body'].strip().format(**values)}"
    return Wording(words.signup["subject"].format(**values), body)


def rights_letter(
    language: Language,
    *,
    reference: str,
    received: date,
    answer_by: date,
    controller: Controller,
    name: str | None = None,
) -> Wording:
    """The acknowledgement of a request about their data; names the authority to complain to (P40)."""
    words = words_in(language)
    values = {
        "reference": one_line(reference),
        "received": words.date(received),
        "answer_by": words.date(answer_by),
        "email": controller.email,
        "brand": controller.name,
    }
    body = f"{_greeting(language, name)}\n\n{words.rights['body'].strip().format(**values)}"
    return Wording(words.rights["subject"].format(**values), body)


def _greeting(language: Language, name: str | None) -> str:
    greeting = words_in(language).greeting
    known = one_line(name or "")
    return greeting["named"].format(name=known) if known else greeting["unnamed"]
