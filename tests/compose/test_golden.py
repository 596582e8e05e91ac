"""Whole letters in four languages, kept as files for people to read. `CRM_GOLDEN=write` writes them anew."""

import os
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from crm.compose.letter import Letter
from crm.compose.mime import compose
from crm.compose.service import rights_letter, signup_letter
from crm.kernel.mail import Language, MailKind
from tests.compose.letters import CONTROLLER, PIXEL, first_letter, letter

GOLDEN: Final = Path(__file__).parent / "golden"

OPENINGS: Final = {
    Language.NL: (
        "Foto\u2019s van uw eigen voorraad",
        "Goedemiddag,\n\nIk zag uw nieuwe collectie. Zal ik drie foto\u2019s laten zien?",
    ),
    Language.EN: (
        "Photos of your own stock",
        "Good afternoon,\n\nI saw your new collection. Shall I show you three photos?",
    ),
    Language.DE: (
        "Fotos aus Ihrem eigenen Lager",
        "Guten Tag,\n\nich habe Ihre neue Kollektion gesehen. Darf ich drei Fotos zeigen?",
    ),
    Language.FR: (
        "Des photos de vos propres articles",
        "Bonjour,\n\nJ\u2019ai vu votre nouvelle collection. Puis-je vous montrer trois photos ?",
    ),
}


def letters(language: Language) -> dict[str, Letter]:
    subject, body = OPENINGS[language]
    signup = signup_letter(
        language,
        url="https://crm.foto.example/start/q7x",
        until=date(2026, 12, 31),
        brand=CONTROLLER.name,
        sender_name="Sanne de Wit",
        name="Anna",
    )
    rights = rights_letter(
        language,
        reference="V-12",
        received=date(2026, 11, 1),
        answer_by=date(2026, 12, 1),
        controller=CONTROLLER,
    )
    return {
        "first": first_letter(language, subject=subject, body=body, pixel_url=PIXEL),
        "later": letter(
            language=language,
            subject=subject,
            body=body,
            in_reply_to="<a@b.example>",
            references=("<a@b.example>",),
        ),
        "signup": letter(MailKind.SIGNUP, language=language, subject=signup.subject, body=signup.body),
        "rights": letter(
            MailKind.RIGHTS,
            language=language,
            subject=rights.subject,
            body=rights.body,
            auto_submitted="auto-replied",
        ),
    }


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", ["first", "later", "signup", "rights"])
def test_a_letter_reads_as_it_was_approved(language: Language, name: str) -> None:
    composed = compose(letters(language)[name])
    for suffix, content in (
        ("txt", f"{composed.subject}\n\n{composed.text}"),
        ("html", composed.html),
        ("eml", composed.wire.decode()),
    ):
        path = GOLDEN / f"{name}.{language}.{suffix}"
        if os.environ.get("CRM_GOLDEN") == "write":
            path.write_bytes(content.encode())
        assert path.read_bytes().decode() == content
