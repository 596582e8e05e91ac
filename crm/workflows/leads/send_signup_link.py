"""Mail somebody the sign-up link they asked for."""

from datetime import datetime

from sqlalchemy.orm import Session

from crm.compose.service import signup_letter
from crm.delivery import outbox
from crm.handoff.models import Lead
from crm.kernel.mail import MailKind
from crm.queries.gate.recipients import recipients
from crm.queries.sending.thread_mailbox import mailbox_for
from crm.workflows.planning.thread_letter import Words, language_of, thread_letter
from crm.workflows.planning.write_letter import Desk


def send_signup_link(session: Session, desk: Desk, lead_id: int, *, now: datetime) -> bool:
    """Queue the mail, once a lead; False when a colleague passes the link on, or there is no way to write."""
    lead = session.get(Lead, lead_id)
    if lead is None or not lead.link_by_mail:
        return False
    person = recipients(session, [lead.prospect_id]).get(lead.prospect_id)
    code = desk.links.start_code(lead.public_id, lead.code_digest)
    box = mailbox_for(session, lead.prospect_id)
    if person is None or code is None or box is None or person.mailbox is None:
        return False
    said = signup_letter(
        language_of(person),
        url=desk.links.start_url(code),
        until=lead.code_expires_at.date(),
        brand=desk.settings.controller.name,
        sender_name=box.sender_name or box.display_name,
        name=person.name or None,
    )
    words = Words(
        kind=MailKind.SIGNUP,
        subject=said.subject,
        body=said.body,
        dedupe_key=f"signup:{lead.public_id}",
    )
    outbox.queue(session, thread_letter(desk, person, box, words, due_at=now), now=now)
    return True
