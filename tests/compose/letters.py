"""A letter with nothing special about it, to change one thing at a time in."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from crm.compose.letter import Letter, Sender
from crm.compose.notices import Grounds, Retention, SourceKind, source_line, why_line
from crm.kernel.addresses import EmailAddress
from crm.kernel.controller import Controller
from crm.kernel.mail import Language, MailKind

CONTROLLER: Final = Controller(
    name="Voorbeeld Foto & Zoon",
    kvk="12345678",
    vat="NL001234567B01",
    location="1234 AB Voorbeeldstad",
    email="privacy@foto.example",
)
STOP: Final = "https://crm.foto.example/u/Xk3v9-Zz_0"
ABOUT: Final = "https://crm.foto.example/about-you/Xk3v9-Zz_0"
PIXEL: Final = "https://crm.foto.example/o/p1x3l.gif"


def letter(kind: MailKind = MailKind.OUTREACH, *, language: Language = Language.NL, **changes: Any) -> Letter:
    """A whole letter of this kind; `changes` are fields of `Letter`."""
    one_click = kind not in {MailKind.RIGHTS, MailKind.STAFF}
    whole = Letter(
        kind=kind,
        language=language,
        subject="Foto's van uw eigen voorraad",
        body="Goedemiddag,\n\nKijk eens op https://foto.example/zo?a=1&b=2.\n\nGroet,\nSanne de Wit",
        controller=CONTROLLER,
        sender=Sender("Sanne de Wit", EmailAddress.parse("sanne@foto.example")),
        recipient=EmailAddress.parse("inkoop@winkel.example"),
        message_id="<k7q2@mail.foto.example>",
        date=datetime(2026, 11, 22, 9, 0, tzinfo=UTC),
        why=why_line(language, Grounds.LEGITIMATE_INTEREST, company="Winkel & Co"),
        source=source_line(
            language, SourceKind.WEBSITE, where="https://winkel.example/contact/", on=date(2026, 11, 1)
        ),
        unsubscribe_url=STOP if one_click else None,
        unsubscribe_mailto="mailto:u+Xk3v9@foto.example" if one_click else None,
        about_url=ABOUT if one_click else None,
    )
    return replace(whole, **changes)


def first_letter(language: Language = Language.NL, **changes: Any) -> Letter:
    """The first message to a person, with everything that belongs in one."""
    values = {
        "first_contact": True,
        "grounds": Grounds.LEGITIMATE_INTEREST,
        "retention": Retention(unanswered=12, answered=24),
        **changes,
    }
    return letter(language=language, **values)
