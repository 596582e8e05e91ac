"""What the domains room asks of the name system."""

import enum
from dataclasses import dataclass
from typing import Protocol


class DomainVerdict(enum.StrEnum):
    """Whether a domain takes mail. Only a definite answer of the name system is ever a no."""

    TAKES_MAIL = "takes_mail"
    IMPLICIT = "implicit"
    """An address but no MX (RFC 5321 §5.1): deliverable by the book, doubtful in practice."""
    NULL_MX = "null_mx"
    """A sole `MX 0 .`: the owner says that the domain takes no mail (RFC 7505)."""
    NO_MAIL = "no_mail"
    UNKNOWN = "unknown"
    """An outage, here or there. To be asked again; says nothing about the domain."""


class DomainFinding(enum.StrEnum):
    """What the verdict rests on."""

    MX = "mx"
    ADDRESS_ONLY = "address_only"
    NULL_MX = "null_mx"
    NO_SUCH_DOMAIN = "no_such_domain"
    NEITHER_MX_NOR_ADDRESS = "neither_mx_nor_address"
    MX_WITHOUT_ADDRESS = "mx_without_address"
    NOT_A_NAME = "not_a_name"
    TIMED_OUT = "timed_out"
    SERVER_FAILED = "server_failed"


@dataclass(frozen=True, slots=True)
class DomainAnswer:
    """A verdict and what it rests on."""

    verdict: DomainVerdict
    detail: DomainFinding


class MailDomainLookup(Protocol):
    """Asks the name system about a domain. Called by the scheduler only, never in a web request."""

    def look_up(self, domain: str) -> DomainAnswer:
        """Say whether the domain (A-label form) takes mail; within 10 seconds, whatever happens."""
        ...

    def records(self, name: str, kind: str) -> tuple[str, ...] | None:
        """The records of a name: `CNAME`, `MX` (host names) or `TXT` (whole), in any order.

        Empty: there are none, for certain. None: nobody can tell now. Within 10 seconds.
        """
        ...
