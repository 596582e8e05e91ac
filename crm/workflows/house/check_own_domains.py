"""Look whether our own domains still prove our mail; a fault of three days pauses their mailboxes."""

import logging
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.domains import own
from crm.domains.own import Failing
from crm.domains.ports import MailDomainLookup
from crm.domains.proof import Judgement, Mark, Records, judge
from crm.kernel.clock import Clocks
from crm.kernel.db import Database
from crm.kernel.domains import registrable_domain
from crm.kernel.settings import MailerKind, Settings
from crm.operations import alarms
from crm.operations.alarms import SOON
from crm.queries.pages.limits import budgets_held
from crm.queries.sending.leaving import Reach, Scope
from crm.workflows.holding import pause as pauses
from crm.workflows.holding.pause import Wish

log = logging.getLogger(__name__)

FAULT: Final = "authentication"


def check_own_domains(
    database: Database, names: MailDomainLookup, settings: Settings, clocks: Clocks
) -> list[str]:
    """Look at the domains that are due, once an hour each; those with a fault.

    No transaction is open meanwhile. Mail that stays in this folder has nothing to prove.
    """
    if settings.mailer is MailerKind.MAILBOX:
        return []
    with database.transaction() as session:
        addresses = session.scalars(select(Mailbox.address)).all()
        domains = {address.rpartition("@")[2] for address in addresses}
        due = own.take_due(session, domains, now=clocks.real())
    found = [(domain, judge(_records(names, domain, settings))) for domain in due]
    failing = []
    for domain, judgement in found:
        with database.transaction() as session:
            if _follow(session, domain, judgement, clocks):
                failing.append(domain)
    if failing:
        log.warning("own domains fail", extra={"count": len(failing)})
    return failing


def _records(names: MailDomainLookup, domain: str, settings: Settings) -> Records:
    """What the name system says; SPF is asked of the envelope's domain, which a provider has for itself."""
    dmarc = names.records(f"_dmarc.{domain}", "TXT")
    above = registrable_domain(domain)
    is_bare = dmarc is not None and not any(one.startswith("v=DMARC1") for one in dmarc)
    if is_bare and above and above != domain:
        dmarc = names.records(f"_dmarc.{above}", "TXT")
    asks_spf = settings.mailer is MailerKind.SMTP
    return Records(
        domain=domain,
        dmarc=dmarc,
        dkim={name: names.records(f"{name}._domainkey.{domain}", "TXT") for name in settings.dkim_selectors},
        spf=names.records(settings.mail_domain, "TXT") if asks_spf else (),
        asks_spf=asks_spf,
    )


def _follow(session: Session, domain: str, judgement: Judgement, clocks: Clocks) -> bool:
    grace = budgets_held(session).domain_grace
    failing = own.record(session, domain, judgement, grace=grace, now=clocks.real())
    now = clocks.calendar()
    boxes = select(Mailbox.id).where(Mailbox.address.like(f"%@{domain}"))
    for box in session.scalars(boxes).all():
        scope = Scope(Reach.MAILBOX, box)
        if failing is not None:
            _alarm(session, scope, failing, grace, now)
        elif judgement.mark is Mark.PASS:
            alarms.resolve(session, str(scope), kind=SOON, by=None, at=now)
    return failing is not None


def _alarm(session: Session, scope: Scope, failing: Failing, grace: timedelta, now: datetime) -> None:
    """Tell at once; pause when the grace is over. Whoever lets it go on all the same starts a new one."""
    let_go = alarms.last_resolved(session, str(scope), kind=FAULT)
    is_over = failing.is_over and (let_go is None or now - let_go >= grace)
    kind = FAULT if is_over else SOON
    if not alarms.sound(session, kind, str(scope), detail={"words": failing.words}, at=now):
        return
    if is_over:
        alarms.resolve(session, str(scope), kind=SOON, by=None, at=now)
        pauses.write(session, scope, Wish(chain.PROGRAM, now, cause=FAULT))
    chain.append(
        session,
        actor=chain.PROGRAM,
        action="alarm.raised",
        object=str(scope),
        detail={"alarm": kind},
        at=now,
    )
