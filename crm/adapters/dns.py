"""Does a domain take mail? By dnspython, with one deadline for all the questions of one domain.

A fact needs a definite answer: NXDOMAIN, an empty answer, records. Time-outs, SERVFAIL, loops and refusals
are outages, and an outage is never "no mail here".
"""

import itertools
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from crm.adapters.sockets import Deadline
from crm.domains.ports import DomainAnswer, DomainFinding, DomainVerdict

_HOSTS_ASKED = 10
_SECONDS_A_HOST = 4.0

_TAKES_MAIL = DomainAnswer(DomainVerdict.TAKES_MAIL, DomainFinding.MX)
_IMPLICIT = DomainAnswer(DomainVerdict.IMPLICIT, DomainFinding.ADDRESS_ONLY)
_NULL_MX = DomainAnswer(DomainVerdict.NULL_MX, DomainFinding.NULL_MX)


def _no_mail(finding: DomainFinding) -> DomainAnswer:
    return DomainAnswer(DomainVerdict.NO_MAIL, finding)


class DnsLookup:
    """See `crm.domains.ports.MailDomainLookup`. Safe to share between threads; the caller keeps answers."""

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] | None = None,
        *,
        seconds: float = 8.0,
        seconds_a_server: float = 2.0,
    ) -> None:
        """Ask the given servers (address, port), or this machine's own."""
        self._nameservers = nameservers
        self._seconds = seconds
        self._seconds_a_server = seconds_a_server

    def look_up(self, domain: str) -> DomainAnswer:
        """See the port."""
        name = _name(domain)
        if name is None:
            return _no_mail(DomainFinding.NOT_A_NAME)
        try:
            return self._judge(name, self._resolver(), Deadline.after(self._seconds))
        except (dns.exception.Timeout, TimeoutError):
            return DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.TIMED_OUT)
        except (dns.exception.DNSException, OSError, ValueError):
            return DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.SERVER_FAILED)

    def records(self, name: str, kind: str) -> tuple[str, ...] | None:
        """See the port."""
        asked = _name(name)
        if asked is None:
            return ()
        try:
            found = _ask(self._resolver(), asked, kind, Deadline.after(self._seconds))
        except dns.resolver.NXDOMAIN:
            return ()
        except (dns.exception.DNSException, TimeoutError, OSError, ValueError):
            return None
        return tuple(_text_of(one) for one in found)

    def _resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=self._nameservers is None)
        if self._nameservers is not None:
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(address, port) for address, port in self._nameservers
            ]
        resolver.timeout = self._seconds_a_server
        return resolver

    def _judge(
        self, name: dns.name.Name, resolver: dns.resolver.Resolver, deadline: Deadline
    ) -> DomainAnswer:
        try:
            records = _ask(resolver, name, "MX", deadline)
        except dns.resolver.NXDOMAIN:
            return _no_mail(DomainFinding.NO_SUCH_DOMAIN)
        exchanges = sorted((mx for mx in records if isinstance(mx, MX)), key=lambda mx: mx.preference)
        if not exchanges:
            found = _any_has_address(resolver, [name], deadline)
            return _IMPLICIT if found else _no_mail(DomainFinding.NEITHER_MX_NOR_ADDRESS)
        hosts = [host for host in dict.fromkeys(mx.exchange for mx in exchanges) if host != dns.name.root]
        if not hosts:
            return _NULL_MX
        if _any_has_address(resolver, hosts[:_HOSTS_ASKED], deadline):
            return _TAKES_MAIL
        if len(hosts) > _HOSTS_ASKED:
            return DomainAnswer(DomainVerdict.UNKNOWN, DomainFinding.MX_WITHOUT_ADDRESS)
        return _no_mail(DomainFinding.MX_WITHOUT_ADDRESS)


def _name(domain: str) -> dns.name.Name | None:
    """The domain as a full name; None when it cannot be one."""
    try:
        name = dns.name.from_text(domain.encode("ascii").decode("ascii"))
    except (UnicodeError, dns.exception.DNSException):
        return None
    return name if len(name.labels) > 2 else None


def _text_of(record: dns.rdata.Rdata) -> str:
    """A record as text; the pieces of a TXT belong together without blanks."""
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("utf-8", "replace")
    if isinstance(record, MX):
        return record.exchange.to_text(omit_final_dot=True).lower()
    return record.to_text().rstrip(".").lower()


def _ask(
    resolver: dns.resolver.Resolver, name: dns.name.Name, kind: str, deadline: Deadline
) -> list[dns.rdata.Rdata]:
    """The records; none when the name exists without them.

    Raises:
        dns.resolver.NXDOMAIN: it does not exist.
        dns.exception.DNSException, OSError: nobody can tell.
    """
    answer = resolver.resolve(name, kind, raise_on_no_answer=False, lifetime=deadline.left(), search=False)
    return list(answer.rrset or ())


def _any_has_address(
    resolver: dns.resolver.Resolver, hosts: Sequence[dns.name.Name], deadline: Deadline
) -> bool:
    """Tell whether one of the hosts has an address of either kind.

    Raises:
        dns.exception.DNSException, OSError: none is known to, and of some nobody can tell.
    """
    doubt: Exception | None = None
    for host, kind in itertools.product(hosts, ("A", "AAAA")):
        try:
            if _ask(resolver, host, kind, deadline.within(_SECONDS_A_HOST)):
                return True
        except dns.resolver.NXDOMAIN:
            continue
        except (dns.exception.DNSException, OSError) as error:
            doubt = error
    if doubt is not None:
        raise doubt
    return False
