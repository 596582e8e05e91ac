"""The gate's facts about an address that is nobody's here: somebody asked about their data, or was erased."""

from dataclasses import replace
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.domains.models import DomainCheck
from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm, address_kind
from crm.kernel.digests import AddressKeys
from crm.kernel.domains import is_freemail, registrable_domain
from crm.kernel.errors import InvalidAddressError
from crm.kernel.mail import MailKind
from crm.permission import facts as gate
from crm.permission import ledger
from crm.permission.terms import AddressState, DomainState, Reach
from crm.privacy import register
from crm.privacy.models import RefusalScope
from crm.queries.gate.house import House

_REACH: Final = {RefusalScope.ADDRESS: Reach.ADDRESS, RefusalScope.DOMAIN: Reach.DOMAIN}


def stranger_facts(
    session: Session, ring: AddressKeys, recipient: str, kind: MailKind, at_home: House, *, automatic: bool
) -> gate.Facts:
    """What is known of a bare address; enough for answers to requests, and a no for everything else.

    `automatic`: the mail is an acknowledgement, of which an address gets one a week (RFC 3834).
    """
    try:
        mailbox = EmailAddress.parse(recipient)
    except InvalidAddressError:
        mailbox = None
    names = ring.digests(mailbox) if mailbox else ()
    firm = registrable_domain(mailbox.domain) if mailbox else None
    covering = (*names, *(ring.domain_digests(firm) if firm else ()))
    past = gate.NOTHING_SENT
    if automatic and names:
        found = ledger.acknowledged(session, names)
        past = replace(past, acknowledged_at=max(found.values(), default=None))
    return gate.Facts(
        kind=kind,
        recipient=_mailbox(session, mailbox),
        firm=gate.Firm(country=None, legal_form=LegalForm.UNKNOWN, time_zone=None),
        source=None,
        relevant=False,
        role_relevant=False,
        proofs=(),
        interest_allowed=False,
        refusals=tuple(
            gate.Refusal(reach=_REACH[one.scope], at=one.refused_at, id=one.id)
            for one in register.standing(session, covering)
            if one.scope in _REACH
        ),
        restricted_at=None,
        request_since=None,
        notice_at=None,
        erase_at=None,
        past=past,
        pauses=at_home.pauses(None, None),
        sender=at_home.sender,
        measuring_consent=False,
        overrides=at_home.overrides,
    )


def _mailbox(session: Session, mailbox: EmailAddress | None) -> gate.Recipient:
    domain = mailbox.domain if mailbox else ""
    answer = session.scalar(select(DomainCheck.answer).where(DomainCheck.domain == domain))
    return gate.Recipient(
        kind=address_kind(mailbox.local if mailbox else ""),
        freemail=is_freemail(domain),
        state=AddressState.UNPROVEN if mailbox else AddressState.INVALID,
        domain=DomainState(answer) if answer in set(DomainState) else DomainState.UNKNOWN,
    )
