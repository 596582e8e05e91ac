"""The words of the gate: grounds, refusals, and what is known of a mailbox."""

import enum


class Basis(enum.StrEnum):
    """On what ground we write (D3, P19)."""

    PUBLISHED_ADDRESS = "published_address"
    CUSTOMER = "customer"
    CONSENT = "consent"
    LEGITIMATE_INTEREST = "legitimate_interest"


class Reach(enum.StrEnum):
    """How far a no reaches that covers this recipient."""

    ADDRESS = "address"
    DOMAIN = "domain"
    COMPANY = "company"
    SEQUENCE = "sequence"
    """Not this series: to be listed only when the mail belongs to it."""

    MEASURING = "measuring"
    """No pixel. Stops no mail."""

    SNOOZE = "snooze"
    """Not before `until`."""


class AddressState(enum.StrEnum):
    """What is known of the mailbox."""

    UNPROVEN = "unproven"
    WORKS = "works"
    BOUNCING = "bouncing"
    """Several temporary refusals: to be looked at before the next mail."""

    BOUNCED = "bounced"
    CLOSED = "closed"
    """The person left, or the mailbox is no longer in use."""

    INVALID = "invalid"
    UNENCODABLE = "unencodable"
    """A non-ASCII local part that the next hop would not take (RFC 6531)."""


class DomainState(enum.StrEnum):
    """What the name system says of the domain; the same values as `domains.ports.DomainVerdict`."""

    TAKES_MAIL = "takes_mail"
    IMPLICIT = "implicit"
    NULL_MX = "null_mx"
    NO_MAIL = "no_mail"
    UNKNOWN = "unknown"


class OriginRule(enum.StrEnum):
    """Whose rules count for recipients in the European Economic Area."""

    STRICT = "strict"
    """Ours and theirs: the Dutch rule covers what is sent from here (standards §2.2)."""

    DESTINATION_ONLY = "destination_only"
