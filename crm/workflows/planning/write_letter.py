"""Write one letter to somebody: the text for them, in its frame, frozen as the bytes that will leave."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from crm.compose import notices
from crm.compose.faults import MissingValueError, TemplateFaultError
from crm.compose.feedback import feedback_id
from crm.compose.headers import UnencodableError
from crm.compose.letter import Letter, LetterFaultError, Sender
from crm.compose.lint_wire import lint_wire
from crm.compose.mime import compose
from crm.compose.notices import NOTICE_VERSION, Retention
from crm.compose.template import Template
from crm.compose.threads import Thread, thread_of
from crm.compose.words import words_in
from crm.delivery.new_message import NewMessage
from crm.kernel.addresses import EmailAddress
from crm.kernel.ids import new_public_id
from crm.kernel.mail import Language, MailKind, TrackingMode
from crm.kernel.public_links import MailboxLink, PublicLinks, StepDay
from crm.kernel.settings import MailerKind, Settings
from crm.permission import measuring
from crm.permission.findings import Decision
from crm.permission.record import to_record
from crm.queries.gate.facts import Loaded
from crm.queries.gate.recipients import Recipient
from crm.workflows.planning.why_written import grounds_of, source_of

PROCESSORS: Final = {MailerKind.SENDGRID: ("Twilio SendGrid",)}
"""Who handles the data for us, for the notice."""


class Unwritable(Exception):  # noqa: N818 - an outcome, caught where letters are written
    """This letter cannot be written as it is; others can. `code` says why, without a person."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Outlet(NamedTuple):
    """Who the letter comes from."""

    mailbox_id: int
    sender: Sender
    signs: str
    """Name under the letter."""


class Before(NamedTuple):
    """A mail of the same thread that left before."""

    public_id: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be written."""

    kind: MailKind
    language: Language
    subject: str
    """A template; empty continues the thread."""

    body: str
    outlet: Outlet
    due_at: datetime
    thread: Sequence[Before] = ()
    """Mails this one stands under, oldest first."""

    enrolment_id: int | None = None
    sequence_id: int | None = None
    step_id: int | None = None
    variant_id: int | None = None
    public_id: str | None = None
    """The name it has already, where a copy may have left; else it gets a new one."""


class _Names(NamedTuple):
    """What the outside world knows the message by."""

    public_id: str
    tracking: TrackingMode
    pixel_id: str | None


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing takes from outside."""

    settings: Settings
    links: PublicLinks


def write_letter(desk: Desk, draft: Draft, loaded: Loaded, decision: Decision) -> NewMessage:
    """Render, frame and freeze one message to somebody the gate allows.

    Raises:
        Unwritable: a value, a source or a ground is missing, or the finished bytes break a promise (D10).
    """
    person, facts = loaded.recipient, loaded.facts
    mode = measuring.mode_of(facts, desk.settings.tracking)
    pixel_id = secrets.token_hex(16) if mode is TrackingMode.INDIVIDUAL else None
    names = _Names(draft.public_id or new_public_id(), mode, pixel_id)
    first = facts.notice_at is None
    try:
        letter = _letter(desk, draft, loaded, decision, names)
        composed = compose(letter)
    except MissingValueError as error:
        raise Unwritable(f"missing {error.field}") from error
    except LetterFaultError as error:
        raise Unwritable("lacks " + " ".join(error.parts)) from error
    except UnencodableError as error:
        raise Unwritable("unencodable") from error
    except (TemplateFaultError, ValueError) as error:
        raise Unwritable("template") from error
    faults = lint_wire(
        composed.wire, kind=draft.kind, first_contact=first, controller=desk.settings.controller
    )
    if faults:
        raise Unwritable("lint " + " ".join(faults))
    return NewMessage(
        public_id=names.public_id,
        kind=draft.kind,
        mailbox_id=draft.outlet.mailbox_id,
        recipient=str(letter.recipient),
        address_digest=person.address_digest,
        sender=desk.links.bounce_address(names.public_id),
        subject_line=composed.subject,
        wire=composed.wire,
        due_at=draft.due_at,
        prospect_id=person.id,
        enrolment_id=draft.enrolment_id,
        step_id=draft.step_id,
        variant_id=draft.variant_id,
        pixel_id=pixel_id,
        notice_version=NOTICE_VERSION if first else "",
        first_contact=first,
        tracking=mode,
        decision=to_record(decision),
    )


def _letter(desk: Desk, draft: Draft, loaded: Loaded, decision: Decision, names: _Names) -> Letter:
    person, links, settings = loaded.recipient, desk.links, desk.settings
    grounds = grounds_of(decision)
    if person.mailbox is None or loaded.whence is None or grounds is None:
        raise LetterFaultError(("recipient", "source", "grounds"))
    values = values_of(person, language=draft.language, signs=draft.outlet.signs)
    thread = _thread(draft, links)
    link = MailboxLink(person.address_digest, settings.keys.addresses.version, names.public_id)
    return Letter(
        kind=draft.kind,
        language=draft.language,
        subject=_subject(draft, values),
        body=Template.compile(draft.body).render(values),
        controller=settings.controller,
        sender=draft.outlet.sender,
        recipient=person.mailbox,
        message_id=message_id(names.public_id, links),
        date=draft.due_at,
        first_contact=loaded.facts.notice_at is None,
        why=notices.why_line(draft.language, grounds, company=person.company),
        source=source_of(draft.language, loaded.whence, person),
        grounds=grounds,
        retention=Retention(settings.retention_months, 2 * settings.retention_months),
        processors=PROCESSORS.get(settings.mailer, ()),
        unsubscribe_url=links.unsubscribe_url(link),
        unsubscribe_mailto=f"mailto:{links.unsubscribe_mailbox(link)}",
        about_url=links.about_url(link),
        pixel_url=_pixel(links, draft, names),
        pixel_counts_only=names.tracking is TrackingMode.AGGREGATE,
        reply_to=EmailAddress(*links.reply_address(names.public_id).split("@")),
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        feedback_id=feedback_id(draft.sequence_id, draft.step_id, links.mail_domain),
    )


def message_id(public_id: str, links: PublicLinks) -> str:
    """The Message-ID of one of ours."""
    return f"<{public_id}@{links.mail_domain}>"


def _subject(draft: Draft, values: dict[str, str | None]) -> str:
    """A follow-up keeps the subject of its thread; it never claims to be a reply."""
    if not draft.subject and draft.thread:
        return draft.thread[-1].subject
    return Template.compile(draft.subject).render(values)


def _thread(draft: Draft, links: PublicLinks) -> Thread:
    if draft.subject or not draft.thread:
        return Thread(None, ())
    *earlier, parent = [message_id(one.public_id, links) for one in draft.thread]
    return thread_of(parent, parent_references=earlier)


def _pixel(links: PublicLinks, draft: Draft, names: _Names) -> str | None:
    if names.pixel_id is not None:
        return links.pixel_url(names.pixel_id)
    if names.tracking is TrackingMode.AGGREGATE and draft.step_id is not None:
        return links.step_pixel_url(StepDay(draft.step_id, draft.due_at.date()))
    return None


def values_of(person: Recipient, *, language: Language, signs: str) -> dict[str, str | None]:
    """What a template may name (D9)."""
    first, _, last = person.name.strip().partition(" ")
    return {
        "first_name": first or None,
        "last_name": last.strip() or None,
        "name": person.name.strip() or None,
        "role": person.role.strip() or None,
        "company": person.company,
        "website": person.website or None,
        "domain": person.domain,
        "country": words_in(language).countries.get(person.country),
        "sender_name": signs,
        "sender_first_name": signs.partition(" ")[0],
    }
