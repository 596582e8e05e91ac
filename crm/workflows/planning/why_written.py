"""On which ground somebody is written to, and where their address comes from, as their letter says it."""

from typing import Final

from crm.compose import notices
from crm.compose.notices import Grounds
from crm.kernel.mail import Language
from crm.permission.findings import Decision
from crm.permission.reasons import Reason
from crm.prospects.models import SourceKind
from crm.queries.gate.facts_person import Whence
from crm.queries.gate.recipients import Recipient

_GROUNDS: Final = (
    (Reason.CONSENT_RECORDED, Grounds.CONSENT),
    (Reason.CUSTOMER_RECORDED, Grounds.CUSTOMER),
    (Reason.ADDRESS_PUBLISHED, Grounds.PUBLISHED_ADDRESS),
    (Reason.INTEREST_ASSESSED, Grounds.LEGITIMATE_INTEREST),
)
_SOURCES: Final = {
    SourceKind.WEBSITE: notices.SourceKind.WEBSITE,
    SourceKind.FAIR: notices.SourceKind.MEETING,
    SourceKind.REFERRAL: notices.SourceKind.REFERRAL,
    SourceKind.INBOUND: notices.SourceKind.THEMSELVES,
    SourceKind.CUSTOMER: notices.SourceKind.CUSTOMER,
    SourceKind.REGISTER: notices.SourceKind.REGISTER,
}


def grounds_of(decision: Decision) -> Grounds | None:
    """The best ground among the proofs the gate found enough."""
    return next((grounds for reason, grounds in _GROUNDS if decision.has(reason)), None)


def source_of(language: Language, whence: Whence, person: Recipient) -> str:
    """Where we have the address from (GDPR article 14(2)(f))."""
    where = whence.words or whence.url or person.website or person.domain or person.company
    return notices.source_line(language, _SOURCES[whence.kind], where=where, on=whence.on)
