"""A text as its reader would get it, sent to the colleague who wrote it: an invented reader, dead links."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy.orm import Session

from crm.compose import notices
from crm.compose.faults import Severity
from crm.compose.letter import Letter, Sender
from crm.compose.lint import lint
from crm.compose.mime import compose
from crm.compose.notices import Grounds, Retention
from crm.compose.template import Template
from crm.compose.words import words_in
from crm.delivery import outbox
from crm.delivery.models import Mailbox
from crm.delivery.new_message import NewMessage
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import CrmError, NotFoundError
from crm.kernel.ids import new_public_id
from crm.kernel.mail import Language, MailKind
from crm.sequences.texts import Words
from crm.workflows.planning.write_letter import PROCESSORS, Desk

READER: Final = MappingProxyType(
    {
        "first_name": "Noor",
        "last_name": "Voorbeeld",
        "name": "Noor Voorbeeld",
        "role": "inkoop",
        "company": "Voorbeeldwinkel",
        "website": "https://www.voorbeeldwinkel.example",
        "domain": "voorbeeldwinkel.example",
    }
)
"""Nobody: a test shows nobody's data to anybody."""


class UnfitTextError(CrmError):
    """A text has a fault, so nothing was sent; `fault` says it in words."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried."""

    texts: Sequence[Words]
    """Mails in order; the first one is a first contact."""

    language: Language
    mailbox_id: int
    to: str
    """The colleague's own address."""


def send_test(session: Session, desk: Desk, trial: Trial, *, now: datetime) -> int:
    """Queue a test of each text; how many. They leave like mail to staff: no gate, no cap, no pixel.

    The unsubscribe link leads to a page that says it is a test; pressing it changes nothing.

    Raises:
        NotFoundError: the mailbox is gone.
        UnfitTextError: a text cannot be sent.
        InvalidAddressError: the colleague's address is none.
    """
    box = session.get(Mailbox, trial.mailbox_id)
    if box is None:
        raise NotFoundError
    subject = ""
    made = []
    for number, words in enumerate(trial.texts):
        subject = words.subject or subject
        fault = next((one for one in lint(subject, words.body) if one.severity is Severity.ERROR), None)
        if fault is not None:
            raise UnfitTextError(fault.words)
        letter = _letter(desk, box, trial, Words(subject, words.body), now + timedelta(seconds=number))
        made.append(_message(desk, box, replace(letter, first_contact=number == 0)))
    return outbox.queue_all(session, made, now=now)


def _letter(desk: Desk, box: Mailbox, trial: Trial, words: Words, at: datetime) -> Letter:
    signs, language = box.sender_name or box.display_name, trial.language
    values = {
        **READER,
        "country": words_in(language).countries.get("NL"),
        "sender_name": signs,
        "sender_first_name": signs.partition(" ")[0],
    }
    public_id, links = new_public_id(), desk.links
    return Letter(
        kind=MailKind.OUTREACH,
        language=language,
        subject=f"[Test] {Template.compile(words.subject).render(values)}",
        body=Template.compile(words.body).render(values),
        controller=desk.settings.controller,
        sender=Sender(box.display_name, EmailAddress.parse(box.address)),
        recipient=EmailAddress.parse(trial.to),
        message_id=f"<{public_id}@{links.mail_domain}>",
        date=at,
        why=notices.why_line(language, Grounds.PUBLISHED_ADDRESS, company=READER["company"]),
        source=notices.source_line(
            language, notices.SourceKind.WEBSITE, where=f"{READER['domain']}/contact", on=at.date()
        ),
        grounds=Grounds.PUBLISHED_ADDRESS,
        retention=Retention(desk.settings.retention_months, 2 * desk.settings.retention_months),
        processors=PROCESSORS.get(desk.settings.mailer, ()),
        unsubscribe_url=links.test_unsubscribe_url(),
        about_url=links.test_about_url(),
    )


def _message(desk: Desk, box: Mailbox, letter: Letter) -> NewMessage:
    composed = compose(letter)
    public_id = letter.message_id[1:].partition("@")[0]
    return NewMessage(
        public_id=public_id,
        kind=MailKind.STAFF,
        mailbox_id=box.id,
        recipient=str(letter.recipient),
        address_digest=desk.settings.keys.addresses.digest(letter.recipient),
        sender=desk.links.bounce_address(public_id),
        subject_line=composed.subject,
        wire=composed.wire,
        due_at=letter.date,
    )
