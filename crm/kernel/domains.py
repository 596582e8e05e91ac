"""Domain names: which part somebody registered, and which are everybody's."""

from functools import cache, lru_cache
from pathlib import Path

import tldextract

# The list of public suffixes that comes with the library; never fetched (D18).
_extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


@cache
def _freemail() -> frozenset[str]:
    lines = Path(__file__).with_name("freemail.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def is_freemail(domain: str) -> bool:
    """Tell whether anybody can have a mailbox at this domain (A-label, lower case)."""
    return domain in _freemail()


@lru_cache(maxsize=65_536)
def registrable_domain(host: str) -> str | None:
    """The part of a host that one owner registered; None for freemail, public suffixes and bare names.

    A top level the list does not know (`.example`) counts as a public suffix of its own.
    """
    host = host.rstrip(".").lower()
    found = _extract(host)
    if found.suffix:
        domain = f"{found.domain}.{found.suffix}" if found.domain else ""
    else:
        labels = host.split(".")
        domain = ".".join(labels[-2:]) if len(labels) > 1 else ""
    return None if not domain or is_freemail(domain) else domain
