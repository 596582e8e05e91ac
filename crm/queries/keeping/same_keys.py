"""Whether the address keys at hand are those that this database was written with."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import InvalidAddressError
from crm.prospects.models import Prospect

_LOOKED_AT = 20  # rows; one is enough, but an address may have become unreadable


def same_keys(session: Session, ring: AddressKeys) -> bool:
    """False when the newest prospects have digests of other keys: then no refusal would be found either.

    A database without prospects fits any keys: there is nobody to write to.
    """
    query = select(Prospect.address, Prospect.address_digest).order_by(Prospect.id.desc()).limit(_LOOKED_AT)
    for address, digest in session.execute(query):
        try:
            return digest in ring.digests(EmailAddress.parse(address))
        except InvalidAddressError:
            continue
    return True
