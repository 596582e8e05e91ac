"""Letters in a thread that a person opened, and links they asked for: no notice, no pixel."""

from dataclasses import dataclass
from datetime import datetime

from crm.compose.letter import Letter, Sender
from crm.compose.mime import compose
from crm.compose.threads import Thread
from crm.delivery.models import Mailbox
from crm.delivery.new_message import NewMessage
from crm.kernel.addresses import EmailAddress
from crm.kernel.ids import new_public_id
from crm.kernel.mail import Language, MailKind
from crm.kernel.public_links import MailboxLink
from crm.queries.gate.recipients import Recipient
from crm.workflows.planning.write_letter import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What it says."""

    kind: MailKind
    """`reply` or `signup`."""

    subject: str
    body: str
    thread: Thread | None = None
    dedupe_key: str | None = None
    """One cause makes one message."""


def thread_letter(
    desk: Desk, person: Recipient, box: Mailbox, words: Words, *, due_at: datetime
) -> NewMessage:
    """Frame and freeze one.

    Raises:
        LetterFaultError, UnencodableError, ValueError: it cannot be written as it is.
    """
    if person.mailbox is None:
        raise ValueError("what is stored is no address")
    links, public_id = desk.links, new_public_id()
    link = MailboxLink(person.address_digest, desk.settings.keys.addresses.version, public_id)
    composed = compose(
        Letter(
            kind=words.kind,
            language=language_of(person),
            subject=words.subject,
            body=words.body,
            controller=desk.settings.controller,
            sender=Sender(box.display_name, EmailAddress.parse(box.address)),
            recipient=person.mailbox,
            message_id=f"<{public_id}@{links.mail_domain}>",
            date=due_at,
            unsubscribe_url=links.unsubscribe_url(link),
            unsubscribe_mailto=f"mailto:{links.unsubscribe_mailbox(link)}",
            about_url=links.about_url(link),
            reply_to=EmailAddress.parse(links.reply_address(public_id)),
            in_reply_to=words.thread.in_reply_to if words.thread else None,
            references=words.thread.references if words.thread else (),
        )
    )
    return NewMessage(
        public_id=public_id,
        kind=words.kind,
        mailbox_id=box.id,
        recipient=str(person.mailbox),
        address_digest=person.address_digest,
        sender=links.bounce_address(public_id),
        subject_line=composed.subject,
        wire=composed.wire,
        due_at=due_at,
        prospect_id=person.id,
        dedupe_key=words.dedupe_key,
    )


def language_of(person: Recipient) -> Language:
    """The language we write to them in: theirs, else their company's, else their country's, else English."""
    return Language.for_person(person.own_language, person.company_language, country=person.country)
