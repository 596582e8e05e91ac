"""Everybody whom refusals cover, a page a transaction: whoever is told meanwhile holds none open."""

from collections.abc import Collection, Iterator

from crm.kernel.db import Database
from crm.kernel.digests import AddressKeys
from crm.queries.keeping import refused
from crm.queries.keeping.refused import Refused


def everybody(
    database: Database, ring: AddressKeys, *, by_company: Collection[int] | None = None
) -> Iterator[Refused]:
    """As `queries.refused.page`. Who comes in meanwhile is found the next time."""
    after = 0
    while True:
        with database.reading() as session:
            found = refused.page(session, ring, after=after, by_company=by_company)
        if found is None:
            return
        yield from found.people
        after = found.last
