"""A person tells us to stop."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery import claims
from crm.delivery.models import Message
from crm.kernel.addresses import EmailAddress
from crm.kernel.clock import Clock
from crm.kernel.db import Database
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.kernel.domains import registrable_domain
from crm.kernel.faults import point
from crm.privacy import register
from crm.privacy.journal import Journal
from crm.privacy.models import RefusalScope
from crm.privacy.register import Key, Recorded, Wish
from crm.prospects import second_addresses
from crm.prospects.models import Company, Prospect
from crm.queries.inbox import person
from crm.queries.inbox.person import Person
from crm.workflows.refusals.patience import PATIENCE, still_leaving
from crm.workflows.refusals.stop_writing import Stopped, stop_writing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Whose no it is."""

    keys: tuple[Key, ...]
    """One digest is enough, its identity first; the other spellings are looked up."""

    domain: str | None = None
    """Registrable domain of their company, for a no of the whole company; never a freemail one."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written down, and what may still be on its way."""

    recorded: Recorded
    stopped: Stopped
    watched: tuple[AddressDigest, ...]
    """Names under which a message may be leaving."""

    prospect_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the person may be told."""

    reference: str
    scope: RefusalScope
    since: datetime
    until: datetime | None
    is_news: bool
    is_final: bool
    """False: one message that was already leaving may still arrive (I01)."""

    stopped: Stopped = field(default_factory=Stopped)


@dataclass(frozen=True, slots=True)
class Desk:
    """What writing a refusal down takes, beside the wish itself."""

    database: Database
    ring: AddressKeys
    journal: Journal
    real: Clock
    pause: Callable[[float], None] = time.sleep
    patience: float = PATIENCE


def refuse(desk: Desk, mailbox: Mailbox, wish: Wish, *, by: chain.Actor = chain.PERSON) -> Answer:
    """Write a no down for good, take back what is planned, and only then look for what is leaving.

    The worker commits its claim and reads the register; we commit the register and read the claims: at
    least one of the two sees the other (I01). When this returns, the no is on the disk twice (I18).

    Raises:
        OSError, OperationalError: nothing is acknowledged; the database or the journal cannot be written.
    """

    def write_down(session: Session) -> Written:
        written = write(session, desk, mailbox, wish, by=by)
        point("refuse.before_commit")
        return written

    written = desk.database.repeated(write_down)
    point("refuse.after_commit")
    leaving = [] if wish.scope is RefusalScope.MEASURING else _leaving(desk, written.watched)
    if leaving:
        _tell_staff(desk, written, leaving, at=wish.at)
    point("refuse.before_answer")
    refusal = written.recorded.refusal
    return Answer(
        reference=refusal.reference,
        scope=refusal.scope,
        since=refusal.refused_at,
        until=refusal.until,
        is_news=written.recorded.is_news,
        is_final=not leaving,
        stopped=written.stopped,
    )


def write(
    session: Session, desk: Desk, mailbox: Mailbox, wish: Wish, *, by: chain.Actor = chain.PERSON
) -> Written:
    """The part inside a transaction, for workflows that have one open (a reply, a complaint).

    The journal is flushed to the disk here, before the commit: a line too many keeps us silent, a line
    too few would lose a no. Audited. A no of a company is one of its mailbox as well.
    """
    found = person.written_to(session, person.find(session, desk.ring, mailbox.keys))
    ids = set(found.prospect_ids)
    everywhere = (*found.keys, *_elsewhere(session, desk.ring, found.prospect_ids))
    recorded = _record(session, desk.journal, tuple(dict.fromkeys(everywhere)), _of_mailbox(wish))
    if wish.scope is RefusalScope.DOMAIN and mailbox.domain:
        domains = _domains(mailbox.domain, found)
        keys = tuple(key for domain in domains for key in register.domain_keys_of(desk.ring, domain))
        recorded = _record(session, desk.journal, keys, wish)
        ids |= set(_at_company(session, domains))
    prospect_ids = tuple(sorted(ids))
    stopped = stop_writing(session, prospect_ids, wish, now=wish.at)
    detail = {
        "scope": recorded.refusal.scope, "reason": wish.reason, "channel": wish.channel,
        "news": recorded.is_news, "messages": stopped.messages, "enrolments": stopped.enrolments,
    }  # fmt: skip
    chain.append(
        session,
        actor=by,
        action="refuse",
        object=f"refusal:{recorded.refusal.reference}",
        detail=detail,
        at=wish.at,
    )
    log.info("refusal recorded", extra=detail)
    watched = {*found.digests, *_addresses(session, prospect_ids)}
    return Written(recorded, stopped, tuple(sorted(watched)), prospect_ids)


def _record(session: Session, journal: Journal, keys: tuple[Key, ...], wish: Wish) -> Recorded:
    recorded = register.record(session, keys, wish)
    if recorded.is_news:
        journal.append(register.line(recorded, keys, wish))
    return recorded


def _of_mailbox(wish: Wish) -> Wish:
    """The same no, of the person who said it for their company."""
    if wish.scope is not RefusalScope.DOMAIN:
        return wish
    return Wish(
        scope=RefusalScope.ADDRESS,
        reason=wish.reason,
        channel=wish.channel,
        at=wish.at,
        message=wish.message,
    )


def _domains(companys: str, found: Person) -> list[str]:
    """The company's domain, and that of its mail when it is another: newcomers may be known by either."""
    mail = registrable_domain(found.known.address.domain) if found.known else None
    return list(dict.fromkeys([companys, *([mail] if mail else [])]))


def _at_company(session: Session, domains: list[str]) -> Iterable[int]:
    query = (
        select(Prospect.id)
        .join(Company, Company.id == Prospect.company_id)
        .where(Company.domain.in_(domains))
    )
    return session.scalars(query)


def _elsewhere(session: Session, ring: AddressKeys, prospect_ids: Iterable[int]) -> list[Key]:
    """Their other mailboxes: a no is the person's, and it outlasts what we know of them."""
    noted = (one for id_ in prospect_ids for one in second_addresses.of(session, id_))
    return [key for one in noted for key in register.keys_of(ring, EmailAddress.parse(one.address))]


def _addresses(session: Session, prospect_ids: tuple[int, ...]) -> Iterable[AddressDigest]:
    """The names under which messages to these people stand, those of a former address included."""
    own = select(Prospect.address_digest).where(Prospect.id.in_(prospect_ids))
    written = select(Message.address_digest).where(Message.prospect_id.in_(prospect_ids))
    return session.scalars(own.union(written))


def _leaving(desk: Desk, watched: tuple[AddressDigest, ...]) -> list[str]:
    """Public ids of messages that are still in a worker's hands when our patience ends."""
    return still_leaving(lambda: _live(desk, watched), pause=desk.pause, patience=desk.patience)


def _live(desk: Desk, watched: tuple[AddressDigest, ...]) -> list[str]:
    with desk.database.reading() as session:
        return [claim.public_id for claim in claims.live_for(session, watched, real_now=desk.real())]


def _tell_staff(desk: Desk, written: Written, leaving: list[str], *, at: datetime) -> None:
    """Keep the ids of what may still arrive. The no stands already, so failing here must not unsay it."""
    try:
        with desk.database.transaction() as session:
            chain.append(
                session,
                actor=chain.PROGRAM,
                action="refuse.in_flight",
                object=f"refusal:{written.recorded.refusal.reference}",
                detail={"messages": leaving},
                at=at,
            )
    except (OSError, SQLAlchemyError):
        log.exception("a message in flight could not be noted")
