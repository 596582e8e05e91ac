"""To which of our messages, and to whom, an inbound mail belongs."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import compat32
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.errors import InvalidLinkError
from crm.kernel.public_links import PublicLinks
from crm.prospects import second_addresses
from crm.prospects.models import SpellingKey
from crm.queries.inbox import complained
from crm.queries.inbox.person import Key, identities
from crm.replies import complaints
from crm.replies.models import InboundMail
from crm.replies.reading import ReadMail
from crm.replies.tokens import TokenKind, envelope_id, find, returned
from crm.replies.verdicts import MailKind, Sub

PROOFS: Final = ("token", "thread")
WRITTEN: Final = tuple(
    kind.value for kind in (MailKind.PERSON, MailKind.OPT_OUT, MailKind.RIGHTS, MailKind.UNCLEAR)
)
"""Kinds of mail that somebody wrote."""


@dataclass(frozen=True, slots=True)
class Match:
    """What an inbound mail answers."""

    by: str
    """`token` and `thread` are proof; `sender`, and `recipient` or `domain` of a spam report, only let us
    pause; empty: nobody we know."""

    message: Message | None
    prospect_id: int | None
    unsubscribed: tuple[Key, ...] = ()
    """Mailboxes whose unsubscribe address the mail was sent to, or a spam report encloses."""

    company_id: int | None = None
    """Where a spam report names nobody we know, but the domain of one company."""

    @property
    def is_proof(self) -> bool:
        """It carries something that only our own message could have told its sender."""
        return self.by in PROOFS

    def written_to(self, key_version: int) -> tuple[Key, ...]:
        """The mailbox our mail went to, by its digests; messages are kept under the newest key."""
        ours: tuple[Key, ...] = ((self.message.address_digest, key_version),) if self.message else ()
        return tuple(dict.fromkeys((*ours, *self.unsubscribed)))


def match(session: Session, links: PublicLinks, ring: AddressKeys, mail: ReadMail) -> Match:
    """Find the message by token, then by Message-ID or envelope id, then the person by their address.

    Providers redact spam reports: of these, what the enclosed mail still carries counts as well.
    """
    is_report = complaints.is_report(mail)
    tokens = (*find(mail), *complaints.tokens_of(mail)) if is_report else find(mail)
    readers: dict[TokenKind, Callable[[str], str]] = {
        TokenKind.REPLY: links.read_reply,
        TokenKind.BOUNCE: links.read_bounce,
    }
    stopped = tuple(_mailto(links, token.text) for token in tokens if token.kind is TokenKind.UNSUBSCRIBE)
    unsubscribed = tuple(found for found in stopped if found is not None)
    named = [_public_id(readers[token.kind], token.text) for token in tokens if token.kind in readers]
    found = _first(session, [name for name in named if name])
    if found is not None:
        return Match("token", found, found.prospect_id, unsubscribed)
    domain = f"@{links.mail_domain}"
    threads = [one.removesuffix(domain) for one in (*mail.answers, *returned(mail)) if one.endswith(domain)]
    envelope = envelope_id(mail)
    found = _first(session, [*threads, envelope] if envelope else threads)
    if found is not None:
        return Match("thread", found, found.prospect_id, unsubscribed)
    reported = _reported(session, links, ring, mail, unsubscribed) if is_report else None
    if reported is not None:
        return reported
    person = _person(session, ring, mail)
    if is_report and person is None and (company := complained.company(session, mail)) is not None:
        return Match("domain", None, None, unsubscribed, company.id)
    return Match("sender" if person else "", None, person, unsubscribed)


def _reported(
    session: Session, links: PublicLinks, ring: AddressKeys, mail: ReadMail, mailto: tuple[Key, ...]
) -> Match | None:
    proof = complained.unsubscribable(session, links, mail, mailto)
    if proof is not None:
        return Match("token", proof.message, proof.prospect_id, proof.keys)
    named = complained.addressee(session, ring, mail)
    return Match("recipient", None, named) if named is not None else None


def sent_text(message: Message) -> str:
    """The plain text of one of our messages, to be told apart from what its reader wrote."""
    for part in message_from_bytes(message.wire, policy=compat32).walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _first(session: Session, public_ids: Sequence[str]) -> Message | None:
    found = {
        one.public_id: one
        for one in session.scalars(select(Message).where(Message.public_id.in_(public_ids)))
    }
    return next((found[name] for name in public_ids if name in found), None)


def _person(session: Session, ring: AddressKeys, mail: ReadMail) -> int | None:
    if mail.sender is None:
        return None
    names = identities(ring, mail.sender)
    own = session.scalar(select(SpellingKey.prospect_id).where(SpellingKey.digest.in_(names)).limit(1))
    if own is not None:
        return own
    noted = second_addresses.owner(session, names)
    return noted if noted is not None else _by_second_address(session, names)


def _by_second_address(session: Session, names: Collection[AddressDigest]) -> int | None:
    """Whoever answered us from this mailbox before, in a thread of ours: it is a second one of theirs."""
    query = select(InboundMail.prospect_id).where(
        InboundMail.sender_digest.in_(names),
        InboundMail.matched_by.in_(PROOFS),
        InboundMail.kind.in_(WRITTEN),
        InboundMail.prospect_id.is_not(None),
    )
    return session.scalar(query.order_by(InboundMail.id.desc()).limit(1))


def _public_id(read: Callable[[str], str], token: str) -> str:
    try:
        return read(token)
    except InvalidLinkError:
        return ""


def _mailto(links: PublicLinks, token: str) -> tuple[AddressDigest, int] | None:
    try:
        link = links.read_mailto(token)
    except InvalidLinkError:
        return None
    return link.digest, link.key_version


def tickets(session: Session, prospect_id: int) -> int:
    """How many times a help desk has confirmed our mail to somebody."""
    query = select(func.count()).where(
        InboundMail.prospect_id == prospect_id,
        InboundMail.kind == MailKind.AUTOMATIC.value,
        InboundMail.sub == Sub.TICKET.value,
    )
    return session.scalar(query) or 0
