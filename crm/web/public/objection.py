"""Object without a link: type the address. The answer is the same whether we know it or not (P37)."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError
from crm.operations import limits
from crm.privacy import register
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.web.access import Open, allows
from crm.web.context import client_digest, now, real_now, services
from crm.web.public import pages
from crm.web.public.desk import desk
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.refusals.request_rights import request_rights

bp = Blueprint("objection", __name__)

STOP: Final = "stop"
REMOVE: Final = "remove"

A_PLACE_AN_HOUR: Final = 20
AN_ADDRESS_A_DAY: Final = 3


@bp.get("/objection")
@allows(Open.ANYBODY)
def ask() -> ResponseReturnValue:
    """Ask for the address."""
    return _form("", STOP)


@bp.post("/objection")
@allows(Open.ANYBODY)
def act() -> ResponseReturnValue:
    """Write the objection down under every spelling, whoever typed it: no proof is asked for a no (P35).

    What the register holds is a digest, so it covers an address we do not know yet as well.
    """
    text, choice = request.form.get("address", ""), request.form.get("choice", STOP)
    try:
        address = EmailAddress.parse(text)
    except InvalidAddressError:
        return _form(text[:254], choice, code=422)
    if not _place_may():
        return pages.show("busy.html", 429)
    _object(address, wants_removal=choice == REMOVE)
    return pages.show("objected.html", removal=choice == REMOVE)


def _form(text: str, choice: str, *, code: int = 200) -> ResponseReturnValue:
    return pages.show(
        "objection.html",
        code,
        text=text,
        picked=choice,
        missing=code == 422,
        action=url_for("objection.act", lang=request.args.get("lang")),
    )


def _object(address: EmailAddress, *, wants_removal: bool) -> None:
    """More often than three times a day nothing new can be said: the no stands since the first time."""
    ring = services().settings.keys.addresses
    with services().database.transaction() as session:
        allowed = limits.allow(
            session,
            f"objection:{ring.digest(address)}",
            limit=AN_ADDRESS_A_DAY,
            window=timedelta(days=1),
            at=real_now(),
        )
    if allowed or not _stands(address):
        wish = Wish(scope=RefusalScope.ADDRESS, reason=RefusalReason.OBJECTION, channel="form", at=now())
        refuse(desk(patience=0), Mailbox(register.keys_of(ring, address)), wish)
    if wants_removal:  # that is news however often a stop was said before
        with services().database.transaction() as session:
            key = (ring.digest(address), ring.version)
            request_rights(session, ring, key, kind="erasure", channel="form", at=now())


def _stands(address: EmailAddress) -> bool:
    ring = services().settings.keys.addresses
    with services().database.reading() as session:
        held = register.standing(session, ring.digests(address))
    return any(one.scope in register.STOPS_MAIL for one in held)


def _place_may() -> bool:
    """At most twenty an hour from one place; who is over it is told so, and nothing is recorded."""
    with services().database.transaction() as session:
        return limits.allow(
            session,
            f"objection-from:{client_digest()}",
            limit=A_PLACE_AN_HOUR,
            window=timedelta(hours=1),
            at=real_now(),
        )
