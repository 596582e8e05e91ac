"""Mail somebody the sign-up link they asked for."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.compose.letter import Letter, Sender
from crm.compose.mime import compose
from crm.compose.service import signup_letter
from crm.delivery import outbox
from crm.delivery.models import Mailbox, Message
from crm.delivery.outbox import NewMessage
from crm.handoff.models import Lead
from crm.kernel.addresses import EmailAddress
from crm.kernel.ids import new_public_id
from crm.kernel.mail import Language, MailKind
from crm.kernel.public_links import MailboxLink
from crm.queries.recipients import Recipient, recipients
from crm.services import Services


def send_signup_link(session: Session, services: Services, lead_id: int, *, now: datetime) -> bool:
    """Queue the mail, once a lead; False when a colleague passes the link on, or there is no way to write."""
    lead = session.get(Lead, lead_id)
    if lead is None or not lead.link_by_mail:
        return False
    person = recipients(session, [lead.prospect_id]).get(lead.prospect_id)
    code = services.links.start_code(lead.public_id, lead.code_digest)
    box = _mailbox(session, lead.prospect_id)
    if person is None or code is None or box is None or person.mailbox is None:
        return False
    public_id = new_public_id()
    letter = _letter(services, lead, person, box, code=code, public_id=public_id, now=now)
    composed = compose(letter)
    message = NewMessage(
        public_id=public_id,
        kind=MailKind.SIGNUP,
        mailbox_id=box.id,
        recipient=str(person.mailbox),
        address_digest=person.address_digest,
        sender=services.links.bounce_address(public_id),
        subject_line=composed.subject,
        wire=composed.wire,
        due_at=now,
        prospect_id=person.id,
        dedupe_key=f"signup:{lead.public_id}",
    )
    return outbox.queue(session, message, now=now)


def _mailbox(session: Session, prospect_id: int) -> Mailbox | None:
    """The mailbox that wrote to them last; else the first one."""
    last = (
        select(Mailbox)
        .join(Message, Message.mailbox_id == Mailbox.id)
        .where(Message.prospect_id == prospect_id)
        .order_by(Message.id.desc())
        .limit(1)
    )
    return session.scalar(last) or session.scalar(select(Mailbox).order_by(Mailbox.id).limit(1))


def _letter(  # noqa: PLR0913 - the parts of a letter, the last three by name
    services: Services,
    lead: Lead,
    person: Recipient,
    box: Mailbox,
    *,
    code: str,
    public_id: str,
    now: datetime,
) -> Letter:
    links, controller = services.links, services.settings.controller
    spoken = person.own_language or person.company_language
    language = Language(spoken) if spoken in set(Language) else Language.EN
    words = signup_letter(
        language,
        url=links.start_url(code),
        until=lead.code_expires_at.date(),
        brand=controller.name,
        sender_name=box.sender_name or box.display_name,
        name=person.name or None,
    )
    link = MailboxLink(person.address_digest, services.settings.keys.addresses.version, public_id)
    assert person.mailbox is not None  # the caller looked
    return Letter(
        kind=MailKind.SIGNUP,
        language=language,
        subject=words.subject,
        body=words.body,
        controller=controller,
        sender=Sender(box.display_name, EmailAddress.parse(box.address)),
        recipient=person.mailbox,
        message_id=f"<{public_id}@{links.mail_domain}>",
        date=now,
        unsubscribe_url=links.unsubscribe_url(link),
        unsubscribe_mailto=f"mailto:{links.unsubscribe_mailbox(link)}",
        about_url=links.about_url(link),
        reply_to=EmailAddress.parse(links.reply_address(public_id)),
    )
