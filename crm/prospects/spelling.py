"""The digests under which a prospect's mailbox is found: one for identity, all for refusals (D7)."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.bulk import insert_many
from crm.kernel.digests import AddressDigest, AddressKeys
from crm.prospects.models import SpellingKey


class Names(NamedTuple):
    """All digests of one mailbox."""

    identity: AddressDigest
    """Under the newest key: what `prospects.address_digest` holds."""

    identities: tuple[AddressDigest, ...]
    """The same spelling under every key: finds a prospect whose row is older than the newest key."""

    keys: tuple[tuple[AddressDigest, int], ...]
    """Every spelling under every key, with the key's version."""


def names_of(ring: AddressKeys, address: EmailAddress) -> Names:
    """Work out the digests of a mailbox."""
    return names_from(ring.digests(address), ring.versions)


def names_from(digests: tuple[AddressDigest, ...], versions: tuple[int, ...]) -> Names:
    """The same from digests in the order of `AddressKeys.digests`."""
    if len(digests) == 1:
        return Names(digests[0], digests, ((digests[0], versions[0]),))
    share = len(digests) // len(versions)
    keys = tuple((digest, versions[place // share]) for place, digest in enumerate(digests))
    return Names(digests[0], digests[::share], keys)


def add_keys(session: Session, found: Iterable[tuple[int, Names]]) -> None:
    """Write down the spellings of new prospects, each by id."""
    # In the order of the index: neighbours fall on one page.
    rows = sorted((digest, id_, version) for id_, names in found for digest, version in names.keys)
    insert_many(session, SpellingKey, ("digest", "prospect_id", "key_version"), rows)


def renew_keys(session: Session, prospect_id: int, names: Names) -> None:
    """Replace a prospect's spellings after their address was put right."""
    session.execute(delete(SpellingKey).where(SpellingKey.prospect_id == prospect_id))
    add_keys(session, [(prospect_id, names)])
