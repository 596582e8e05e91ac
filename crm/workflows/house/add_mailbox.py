"""Another mailbox to send from, or another address for one. Audited."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.audit import chain
from crm.delivery.models import Mailbox
from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError, NotFoundError
from crm.kernel.text import one_line
from crm.workflows.house.set_rules import RuleFaultError


def add_mailbox(
    session: Session, typed: str, *, display_name: str, sender_name: str, by: chain.Actor, at: datetime
) -> int:
    """Make a mailbox with the default pace; its id. `sender_name` signs, else the display name does.

    Raises:
        RuleFaultError: the address is none or is another mailbox's, or there is no name to show.
    """
    address = _address(session, typed)
    shown, signs = one_line(display_name)[:120], one_line(sender_name)[:120]
    if not shown:
        fault = "Recipients must see who writes: give the mailbox a name."
        raise RuleFaultError(fault, {"display_name": fault})
    row = Mailbox(address=address, display_name=shown, sender_name=signs or shown)
    session.add(row)
    session.flush()
    _note(session, "mailbox.added", row.id, by, at)
    return row.id


def move_mailbox(session: Session, mailbox_id: int, typed: str, *, by: chain.Actor, at: datetime) -> None:
    """Let a mailbox send from another address from now on; what is written already keeps the old one.

    Raises:
        NotFoundError: there is no such mailbox.
        RuleFaultError: the address is none, or another mailbox's.
    """
    row = session.get(Mailbox, mailbox_id)
    if row is None:
        raise NotFoundError
    address = _address(session, typed, but=mailbox_id)
    if address != row.address:
        row.address = address
        session.flush()
        _note(session, "mailbox.moved", row.id, by, at)


def _address(session: Session, typed: str, *, but: int = 0) -> str:
    try:
        address = str(EmailAddress.parse(typed))
    except InvalidAddressError as error:
        raise RuleFaultError(str(error), {"address": str(error)}) from error
    same = func.lower(Mailbox.address) == address.lower()
    if session.scalar(select(Mailbox.id).where(same, Mailbox.id != but)) is not None:
        fault = "Another mailbox has this address."
        raise RuleFaultError(fault, {"address": fault})
    return address


def _note(session: Session, action: str, mailbox_id: int, by: chain.Actor, at: datetime) -> None:
    chain.append(session, actor=by, action=action, object=f"mailbox {mailbox_id}", at=at)
