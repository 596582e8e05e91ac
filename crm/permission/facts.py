"""What the gate is told: plain values, loaded by `queries`, judged by `decide`.

Nothing whose absence could open the gate has a default: whoever asks must say everything.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from crm.kernel.business import AddressKind, LegalForm
from crm.kernel.mail import MailKind
from crm.permission.budgets import DEFAULTS, Budgets
from crm.permission.countries import Override
from crm.permission.terms import AddressState, Basis, DomainState, OriginRule, Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """The mailbox."""

    kind: AddressKind
    freemail: bool
    """Anybody may have a mailbox at its domain."""

    state: AddressState
    domain: DomainState


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """The company it belongs to."""

    country: str | None
    """ISO 3166-1 alpha-2; empty or None while unknown."""

    legal_form: LegalForm
    time_zone: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where and when we got the address (GDPR article 14(2)(f))."""

    kind: str
    obtained_on: date
    purchased: bool
    """From a bought or rented list: outside the published policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A documented balance of interests (R-L2)."""

    id: int
    active: bool
    scope: str
    """Country codes it covers, comma separated; `*` is all."""

    review_on: date
    """Expired from this day on."""

    def covers(self, country: str) -> bool:
        """Tell whether the country is in its scope."""
        scope = {part.strip().upper() for part in self.scope.split(",")}
        return "*" in scope or country in scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What proves a basis for this address. One row of evidence, reduced to what can be judged."""

    id: int
    basis: Basis
    at: datetime
    """When it was seen, given or bought."""

    has_url: bool
    has_wording: bool
    """The sentence on the page, what they agreed to, or what they bought."""

    has_channel: bool
    """How consent was given."""

    confirmed: bool
    """A named colleague read the page and says that the sentence invites offers."""

    declines_offers: bool
    """The page asks not to be sent offers: `wording.declines_offers`."""

    stale: bool
    """A second look found it gone. Age is judged by the gate."""

    withdrawn_at: datetime | None
    assessment: Assessment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A no of the register that covers this recipient."""

    reach: Reach
    at: datetime | None
    id: int | None = None
    until: datetime | None = None
    """The end of a snooze; without one a snooze does not end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was written and answered. Counts leave out the message or enrolment that is being judged."""

    last_mail_at: datetime | None
    """The newest outreach or manual mail to this person, over everything."""

    mails_last_year: int
    """Such mails in the last 365 days."""

    oldest_mail_at: datetime | None
    """The oldest of those."""

    unanswered_at_company: int
    """Such mails to anybody at the company since its last answer."""

    leaving_to_company: int
    """Further ones that are in a worker's hand, or of which nobody knows whether they left."""

    other_sequences: int
    """Running or paused enrolments of this person."""

    company_sequences: int
    """People at the company with a running or paused enrolment."""

    ended_unanswered_at: datetime | None
    """When the newest sequence ended to its last step without an answer."""

    replied_at: datetime | None
    """A person's answer since the enrolment began; at enrolment, one that waits for ours."""

    converted_at: datetime | None
    colleague_replied_at: datetime | None
    """Somebody else at the company answered, and no colleague of ours released the others yet."""

    colleague_refused_at: datetime | None
    """Somebody else at the company refused, and no colleague of ours released the others yet."""

    acknowledged_at: datetime | None
    """The newest automatic acknowledgement to this address; None when this mail is not one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """What is switched off right now."""

    everything: bool
    mailbox: bool
    sequence: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who we say we are."""

    complete: bool
    """All five published values of the controller are set (P2)."""

    has_street: bool
    """A full postal address, which some countries ask for (G8)."""


NOTHING_SENT: Final = Past(
    last_mail_at=None,
    mails_last_year=0,
    oldest_mail_at=None,
    unanswered_at_company=0,
    leaving_to_company=0,
    other_sequences=0,
    company_sequences=0,
    ended_unanswered_at=None,
    replied_at=None,
    converted_at=None,
    colleague_replied_at=None,
    colleague_refused_at=None,
    acknowledged_at=None,
)
"""The start of every history; take `dataclasses.replace` to add to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything `decide` may know."""

    kind: MailKind
    recipient: Recipient
    firm: Firm
    source: Source | None
    relevant: bool
    """Why this company is written down (P16)."""

    role_relevant: bool
    """Why it concerns this person's work is written down."""

    proofs: tuple[Proof, ...]
    interest_allowed: bool
    """The owner's switch for legitimate interest."""

    refusals: tuple[Refusal, ...]
    restricted_at: datetime | None
    """Restriction of processing: GDPR article 18."""

    request_since: datetime | None
    """An open request about their data."""

    notice_at: datetime | None
    """When they were told who we are and where we got the address (GDPR article 14)."""

    erase_at: datetime | None
    """When their data is due for erasure (P24)."""

    past: Past
    pauses: Pauses
    sender: Sender
    measuring_consent: bool
    """Consent to the open pixel, for `measuring.tracking_mode`."""

    overrides: tuple[Override, ...]
    """The owner's own answers for cells of the country table."""

    origin_rule: OriginRule = OriginRule.STRICT
    budgets: Budgets = DEFAULTS

    @property
    def measuring_refused(self) -> bool:
        """They objected to being measured."""
        return any(refusal.reach is Reach.MEASURING for refusal in self.refusals)
