"""To which of our messages, and to whom, an inbound mail belongs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import compat32

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.errors import InvalidLinkError
from crm.kernel.public_links import PublicLinks
from crm.prospects.models import SpellingKey
from crm.queries.person import identities
from crm.replies.reading import ReadMail
from crm.replies.tokens import TokenKind, find, returned


@dataclass(frozen=True, slots=True)
class Match:
    """What an inbound mail answers."""

    by: str
    """`token` and `thread` are proof; `sender` only lets us pause; empty: nobody we know."""

    message: Message | None
    prospect_id: int | None
    unsubscribed: tuple[tuple[AddressDigest, int], ...] = ()
    """Mailboxes whose `mailto:` unsubscribe address the mail was sent to."""

    @property
    def is_proof(self) -> bool:
        """It carries something that only our own message could have told its sender."""
        return self.by in {"token", "thread"}


def match(session: Session, links: PublicLinks, ring: AddressKeys, mail: ReadMail) -> Match:
    """Find the message by reply or bounce token, then by Message-ID, then the person by their address."""
    tokens = find(mail)
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
    found = _first(session, threads)
    if found is not None:
        return Match("thread", found, found.prospect_id, unsubscribed)
    person = _person(session, ring, mail)
    return Match("sender" if person else "", None, person, unsubscribed)


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
    return session.scalar(select(SpellingKey.prospect_id).where(SpellingKey.digest.in_(names)).limit(1))


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
