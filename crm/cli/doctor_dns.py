"""The doctor's look at the name system: can receivers tell that mail through SendGrid is ours?"""

from collections.abc import Collection, Iterator
from typing import Final

from crm.cli.findings import Finding, Health
from crm.delivery.account_ports import AccountFacts, DomainFacts
from crm.domains import authentication
from crm.domains.authentication import AuthFault
from crm.domains.ports import MailDomainLookup

_WHERE: Final = "Settings, Sender Authentication"
_FAULTS: Final = {
    AuthFault.MISSING: "has none",
    AuthFault.SEVERAL: "has several, which count as none; keep one",
    AuthFault.LETS_ANYBODY: "lets anybody send: end it with -all or ~all",
    AuthFault.NO_POLICY: "says no p=: write p=none at least",
}


def look_at_domains(facts: AccountFacts, names: Collection[str], dns: MailDomainLookup) -> Iterator[Finding]:
    """Every domain we send from: authenticated, its records published, and DMARC there."""
    for name in sorted(names):
        yield _dmarc(name, dns)
        if "domains" in facts.unknown:
            continue
        found = next(
            (one for one in facts.domains if name == one.domain or name.endswith(f".{one.domain}")), None
        )
        if found is None:
            words = (
                f"{name} is not authenticated: mail from it would be refused. Authenticate it under {_WHERE}"
            )
            yield Finding(Health.ILL, "sendgrid domain", words)
            continue
        yield from _records(found, dns)
        if not found.valid:
            words = (
                f"{found.domain} is not verified yet. Press Verify under {_WHERE} when its records are there"
            )
            yield Finding(Health.ILL, "sendgrid domain", words)
    if "domains" in facts.unknown:
        reason = facts.unknown["domains"].reason
        words = f"the domains cannot be read ({reason}). Look under {_WHERE} whether SPF and DKIM hold"
        yield Finding(Health.LOOK, "sendgrid domain", words)


def _records(domain: DomainFacts, dns: MailDomainLookup) -> Iterator[Finding]:
    well = True
    for wanted in domain.records:
        found = dns.records(wanted.host, wanted.type)
        if found is None:
            well = False
            yield Finding(Health.LOOK, "dns", f"{wanted.host}: the name servers did not answer")
        elif wanted.value.lower() not in {one.lower().rstrip(".") for one in found}:
            well = False
            words = f"{wanted.purpose}: publish {wanted.host} {wanted.type} {wanted.value}"
            yield Finding(Health.ILL, "dns", words)
    for wanted in domain.records:
        if wanted.purpose == "return path" and well:
            yield _spf(wanted.host, dns)
    if well and domain.records:
        yield Finding(Health.WELL, "dns", f"{domain.domain}: return path and DKIM are published")


def _spf(host: str, dns: MailDomainLookup) -> Finding:
    found = dns.records(host, "TXT")
    if found is None:
        return Finding(Health.LOOK, "dns", f"SPF of {host}: the name servers did not answer")
    fault = authentication.spf(found)
    if fault is None:
        return Finding(Health.WELL, "dns", f"{host} has SPF")
    return Finding(Health.ILL, "dns", f"SPF: {host} {_FAULTS[fault]}")


def _dmarc(name: str, dns: MailDomainLookup) -> Finding:
    """Of the name itself, else of those above it (RFC 9989 walks up the tree)."""
    labels = name.split(".")
    for start in range(len(labels) - 1):
        host = f"_dmarc.{'.'.join(labels[start:])}"
        found = dns.records(host, "TXT")
        if found is None:
            return Finding(Health.LOOK, "dns", f"{host}: the name servers did not answer")
        fault = authentication.dmarc(found)
        if fault is None:
            return Finding(Health.WELL, "dns", f"{name} has DMARC")
        if fault is not AuthFault.MISSING:
            return Finding(Health.ILL, "dns", f"DMARC: {host} {_FAULTS[fault]}")
    words = f"DMARC: publish _dmarc.{name} TXT v=DMARC1; p=none. Large providers refuse mail without it"
    return Finding(Health.ILL, "dns", words)
