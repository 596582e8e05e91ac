"""Can receivers tell that mail is ours? Records of our own domains, judged (standards §3.10)."""

import enum
from collections.abc import Sequence


class AuthFault(enum.StrEnum):
    """What is wrong with a record."""

    MISSING = "missing"
    SEVERAL = "several"
    """Two of them count as none."""

    LETS_ANYBODY = "lets_anybody"
    """SPF that ends in `+all`, or does not end at all."""

    NO_POLICY = "no_policy"
    """DMARC without `p=`."""


def spf(records: Sequence[str]) -> AuthFault | None:
    """Judge the TXT records of an envelope domain (RFC 7208); None when they are well."""
    found = [one for one in records if one.lower().split(" ", 1)[0] == "v=spf1"]
    if len(found) != 1:
        return AuthFault.SEVERAL if found else AuthFault.MISSING
    terms = found[0].lower().split()
    if any(term.startswith("redirect=") for term in terms) or terms[-1] in {"-all", "~all"}:
        return None
    return AuthFault.LETS_ANYBODY


def dmarc(records: Sequence[str]) -> AuthFault | None:
    """Judge the TXT records under `_dmarc` (RFC 9989); None when they are well."""
    found = [one for one in records if one.startswith("v=DMARC1")]
    if len(found) != 1:
        return AuthFault.SEVERAL if found else AuthFault.MISSING
    tags = [part.partition("=")[0].strip().lower() for part in found[0].split(";")]
    return None if "p" in tags else AuthFault.NO_POLICY
