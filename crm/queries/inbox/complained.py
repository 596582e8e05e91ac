"""About which message, and about whom, a spam report speaks."""

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.delivery.models import Message
from crm.kernel.digests import AddressKeys
from crm.kernel.domains import registrable_domain
from crm.kernel.errors import InvalidLinkError
from crm.kernel.public_links import MailboxLink, PublicLinks
from crm.prospects import second_addresses
from crm.prospects.models import Company, SpellingKey
from crm.queries.inbox.person import Key, identities
from crm.replies.complaints import domains_of, links_of, recipients_of
from crm.replies.reading import ReadMail
from crm.sequences.models import Sequence, SequenceVersion, Step


class Unsubscribable(NamedTuple):
    """Whose mail it was, by an address for unsubscribing that only our own mail could tell."""

    keys: tuple[Key, ...]
    message: Message | None
    prospect_id: int | None


class AnnoyingText(NamedTuple):
    """A step that a report is about."""

    sequence_id: int
    sequence: str
    position: int


def unsubscribable(
    session: Session, links: PublicLinks, mail: ReadMail, mailto: tuple[Key, ...]
) -> Unsubscribable | None:
    """Read the page's address in the enclosed mail; `mailto` is what its other address said already."""
    pages = [link for token in links_of(mail) if (link := _read(links, token)) is not None]
    keys = tuple(dict.fromkeys((*mailto, *((page.digest, page.key_version) for page in pages))))
    if not keys:
        return None
    message = next((found for page in pages if (found := _message(session, page)) is not None), None)
    if message is not None:
        return Unsubscribable(keys, message, message.prospect_id)
    names = [digest for digest, _ in keys]
    person = select(SpellingKey.prospect_id).where(SpellingKey.digest.in_(names)).limit(1)
    return Unsubscribable(keys, None, session.scalar(person))


def addressee(session: Session, ring: AddressKeys, mail: ReadMail) -> int | None:
    """The first of those it names whom we know, by their own mailbox or a second one of theirs."""
    for address in recipients_of(mail):
        names = identities(ring, address)
        found = session.scalar(select(SpellingKey.prospect_id).where(SpellingKey.digest.in_(names)).limit(1))
        if found is None:
            found = second_addresses.owner(session, names)
        if found is not None:
            return found
    return None


def company(session: Session, mail: ReadMail) -> Company | None:
    """The one company at whose domain the mail was read; None for freemail, strangers, and several."""
    domains = {registrable_domain(host) for host in domains_of(mail)} - {None}
    found = session.scalars(select(Company).where(Company.domain.in_(domains)).limit(2)).all()
    return found[0] if len(found) == 1 else None


def annoying_text(session: Session, sequence_id: int, step_id: int) -> AnnoyingText | None:
    """The step by its ids; None when they name none of ours."""
    query = (
        select(Sequence.id, Sequence.name, Step.position)
        .join(SequenceVersion, SequenceVersion.sequence_id == Sequence.id)
        .join(Step, Step.version_id == SequenceVersion.id)
        .where(Sequence.id == sequence_id, Step.id == step_id)
    )
    found = session.execute(query).first()
    return AnnoyingText(*found) if found is not None else None


def _read(links: PublicLinks, token: str) -> MailboxLink | None:
    try:
        return links.read_unsubscribe(token)
    except InvalidLinkError:
        return None


def _message(session: Session, page: MailboxLink) -> Message | None:
    """The message a link stood in: a reference without its own mailbox says nothing."""
    if not page.message:
        return None
    query = select(Message).where(
        Message.public_id.startswith(page.message, autoescape=True), Message.address_digest == page.digest
    )
    return session.scalars(query.limit(1)).first()
