"""A colleague notes another address that somebody writes from, or takes one away. Audited."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.kernel.digests import AddressKeys
from crm.kernel.errors import CrmError, NotFoundError
from crm.privacy import register
from crm.prospects import second_addresses
from crm.prospects.models import Prospect
from crm.prospects.spelling import Names, names_of


class NotASecondAddressError(CrmError):
    """It cannot be noted; the message says why in words."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of it."""

    id: int
    is_new: bool
    """It was not noted of them before."""

    said_no: bool
    """Somebody refused from this address before: a colleague has to say whether that was this person."""


def note_second_address(
    session: Session, prospect_id: int, address: EmailAddress, *, ring: AddressKeys, by: int, at: datetime
) -> Noted:
    """Hear what they write from it as theirs. Nothing is ever sent there.

    A no that stands under it is not carried over: a slip of the pen would silence somebody for good.

    Raises:
        NotFoundError: there is no such prospect (any more).
        NotASecondAddressError: theirs already, another one's, or ours; or their data may only be kept.
    """
    person = session.get(Prospect, prospect_id)
    if person is None:
        raise NotFoundError
    names = names_of(ring, address)
    said_no = bool(register.standing(session, [digest for digest, _ in names.keys]))
    for one in second_addresses.of(session, prospect_id):
        if one.address_digest in names.identities:
            return Noted(one.id, is_new=False, said_no=said_no)
    if fault := _fault(session, person, address, names):
        raise NotASecondAddressError(fault)
    id_ = second_addresses.note(session, prospect_id, address, names, by=by, at=at)
    if id_ is None:
        raise NotASecondAddressError(_ANOTHERS)
    _note(session, "noted", prospect_id, by=by, at=at)
    return Noted(id_, is_new=True, said_no=said_no)


_ANOTHERS = "This address is noted of another prospect."


def _fault(session: Session, person: Prospect, address: EmailAddress, names: Names) -> str:
    if person.restricted_at is not None:
        return "Their data may only be kept as it is (GDPR article 18)."
    if person.address_digest in names.identities:
        return "This is their own address already."
    taken = select(Prospect.id).where(Prospect.address_digest.in_(names.identities)).limit(1)
    if session.scalar(taken) is not None:
        return "This is the address of another prospect."
    if second_addresses.owner(session, names.identities) is not None:
        return _ANOTHERS
    ours = session.scalar(select(Mailbox.id).where(Mailbox.address == str(address)))
    return "This is one of our own mailboxes." if ours is not None else ""


def remove_second_address(session: Session, prospect_id: int, id_: int, *, by: int, at: datetime) -> bool:
    """Take one away; False when it is not theirs (any more)."""
    if not second_addresses.remove(session, prospect_id, id_, at=at):
        return False
    _note(session, "removed", prospect_id, by=by, at=at)
    return True


def bring_back_second_address(session: Session, prospect_id: int, id_: int, *, by: int, at: datetime) -> bool:
    """Undo that within a day; False when it is too late, or the address is a prospect's own by now."""
    if second_addresses.is_prospects(session, id_):
        return False
    if not second_addresses.bring_back(session, prospect_id, id_, at=at):
        return False
    _note(session, "noted", prospect_id, by=by, at=at)
    return True


def _note(session: Session, what: str, prospect_id: int, *, by: int, at: datetime) -> None:
    chain.append(
        session,
        actor=chain.Actor.staff(by),
        action=f"second_address.{what}",
        object=f"prospect:{prospect_id}",
        at=at,
    )
