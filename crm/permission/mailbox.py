"""Whether the mailbox can be written to at all, and whether it is one that offers may go to."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from crm.kernel.business import AddressKind
from crm.permission.case import Case
from crm.permission.findings import Finding
from crm.permission.ground import usable_proofs
from crm.permission.reasons import Reason, Weight
from crm.permission.terms import AddressState, Basis, DomainState

_DEAD: Final[Mapping[AddressState, Reason]] = MappingProxyType(
    {
        AddressState.INVALID: Reason.ADDRESS_INVALID,
        AddressState.UNENCODABLE: Reason.ADDRESS_UNENCODABLE,
        AddressState.BOUNCED: Reason.ADDRESS_BOUNCED,
        AddressState.CLOSED: Reason.ADDRESS_CLOSED,
    }
)
_DEAF: Final[Mapping[DomainState, Reason]] = MappingProxyType(
    {DomainState.NULL_MX: Reason.DOMAIN_NULL_MX, DomainState.NO_MAIL: Reason.DOMAIN_NO_MAIL}
)


def reachable(case: Case) -> Iterator[Finding]:
    """A mailbox that takes mail, as far as anybody knows."""
    recipient = case.facts.recipient
    if recipient.state in _DEAD:
        yield Finding(_DEAD[recipient.state], Weight.DENY)
    if recipient.domain in _DEAF:
        yield Finding(_DEAF[recipient.domain], Weight.DENY)
    if recipient.state not in _DEAD and recipient.domain not in _DEAF:
        yield Finding(Reason.ADDRESS_GOOD, Weight.OK, word=recipient.kind.value)


def worth_a_first_mail(case: Case) -> Iterator[Finding]:
    """What is asked beyond that before we write first: doubt waits, and only a business address counts."""
    recipient = case.facts.recipient
    if recipient.kind is AddressKind.NEVER:
        yield Finding(Reason.NEVER_ADDRESS, Weight.DENY)
    if recipient.state is AddressState.BOUNCING:
        yield Finding(Reason.ADDRESS_BOUNCING, Weight.WAIT)
    if recipient.domain is DomainState.UNKNOWN:
        yield Finding(Reason.DOMAIN_UNCHECKED, Weight.WAIT)
    if recipient.domain is not DomainState.IMPLICIT and not recipient.freemail:
        return
    bases = {proof.basis for proof in usable_proofs(case)}
    # Their own word shows that the mailbox is read, whatever the name system says.
    if recipient.domain is DomainState.IMPLICIT and not bases & {Basis.CONSENT, Basis.CUSTOMER}:
        yield Finding(Reason.DOMAIN_DOUBTFUL, Weight.WAIT)
    if recipient.freemail and not bases - {Basis.LEGITIMATE_INTEREST}:
        yield Finding(Reason.NOT_BUSINESS_ADDRESS, Weight.DENY)
