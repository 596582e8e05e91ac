"""Facts for the gate: one mail that may go, and ways to change it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.mail import MailKind
from crm.permission.facts import (
    NOTHING_SENT,
    Assessment,
    Facts,
    Firm,
    Past,
    Pauses,
    Proof,
    Recipient,
    Refusal,
    Sender,
    Source,
)
from crm.permission.terms import AddressState, Basis, DomainState, Reach

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
"""A Wednesday morning without holidays around it."""

ASSESSMENT = Assessment(id=7, active=True, scope="GB, US, FR", review_on=date(2026, 12, 31))


def proof(basis: Basis, *, number: int = 1, days_ago: int = 10) -> Proof:
    """Complete evidence of the kind."""
    return Proof(
        id=number,
        basis=basis,
        at=NOW - timedelta(days=days_ago),
        has_url=True,
        has_wording=True,
        has_channel=True,
        confirmed=True,
        declines_offers=False,
        stale=False,
        withdrawn_at=None,
        assessment=ASSESSMENT if basis is Basis.LEGITIMATE_INTEREST else None,
    )


PUBLISHED = proof(Basis.PUBLISHED_ADDRESS, number=11)
CONSENT = proof(Basis.CONSENT, number=12)
CUSTOMER = proof(Basis.CUSTOMER, number=13)
INTEREST = proof(Basis.LEGITIMATE_INTEREST, number=14)

ALLOWED = Facts(
    kind=MailKind.OUTREACH,
    recipient=Recipient(
        kind=AddressKind.GENERIC,
        freemail=False,
        state=AddressState.UNPROVEN,
        domain=DomainState.TAKES_MAIL,
    ),
    firm=Firm(country="NL", legal_form=LegalForm.LEGAL_PERSON, time_zone="Europe/Amsterdam"),
    source=Source(kind="website", obtained_on=date(2026, 2, 20), purchased=False),
    relevant=True,
    role_relevant=True,
    proofs=(PUBLISHED,),
    interest_allowed=True,
    refusals=(),
    restricted_at=None,
    request_since=None,
    notice_at=None,
    erase_at=None,
    past=NOTHING_SENT,
    pauses=Pauses(everything=False, mailbox=False, sequence=False),
    sender=Sender(complete=True, has_street=True),
    measuring_consent=False,
    overrides=(),
)
"""A first mail to `info@` of a Dutch company that publishes the address for offers."""


def recipient(**changes: object) -> Facts:
    return replace(ALLOWED, recipient=replace(ALLOWED.recipient, **changes))  # type: ignore[arg-type] # by name


def firm(
    country: str | None, form: LegalForm = LegalForm.LEGAL_PERSON, kind: AddressKind = AddressKind.GENERIC
) -> Facts:
    return replace(
        ALLOWED,
        firm=Firm(country=country, legal_form=form, time_zone=None),
        recipient=replace(ALLOWED.recipient, kind=kind),
    )


def past(**changes: object) -> Facts:
    return replace(ALLOWED, past=had(**changes))


def had(**changes: object) -> Past:
    return replace(NOTHING_SENT, **changes)  # type: ignore[arg-type] # by name


def refused(reach: Reach, until: datetime | None = None) -> Facts:
    return replace(ALLOWED, refusals=(Refusal(reach=reach, at=NOW - timedelta(days=1), id=5, until=until),))


def pauses(**changes: bool) -> Facts:
    return replace(ALLOWED, pauses=replace(ALLOWED.pauses, **changes))


def proven(*proofs: Proof, country: str = "NL") -> Facts:
    facts = ALLOWED if country == "NL" else firm(country)
    return replace(facts, proofs=proofs)
