"""Other addresses that somebody writes from: noted and taken away on their page, both with a way back."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, StringField

from crm.kernel.addresses import EmailAddress
from crm.kernel.errors import InvalidAddressError, NotFoundError
from crm.prospects import second_addresses
from crm.queries.gate.recipients import recipients
from crm.staff.roles import Act
from crm.web import flashes
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.workflows.people.second_address import (
    NotASecondAddressError,
    bring_back_second_address,
    note_second_address,
    remove_second_address,
)

bp = Blueprint("second_addresses", __name__)

_SAID_NO = (
    "Noted. Somebody said no from this address before: was it them? Then write it down under “They said no”."
)


class AddressForm(Form):
    """One mailbox."""

    address = StringField("Another address")


@bp.post("/prospects/<int:prospect_id>/addresses")
@allows(Act.EDIT)
def add(prospect_id: int) -> ResponseReturnValue:
    """Note one."""
    form = AddressForm(request.form)
    typed = (form.address.data or "").strip()
    try:
        address = EmailAddress.parse(typed)
        with services().database.transaction() as session:
            ring = services().settings.keys.addresses
            noted = note_second_address(session, prospect_id, address, ring=ring, by=me().id, at=now())
    except InvalidAddressError as error:
        return _again(prospect_id, form, f"{str(error).rstrip('.')}." if typed else "Type an address.")
    except NotASecondAddressError as error:
        return _again(prospect_id, form, str(error))
    undo = url_for("second_addresses.remove", prospect_id=prospect_id, address_id=noted.id)
    text = "Noted. What they write from it is theirs." if noted.is_new else "It was noted before."
    return _back(prospect_id, _SAID_NO if noted.said_no else text, undo if noted.is_new else None)


@bp.get("/prospects/<int:prospect_id>/addresses")
@allows(Act.SEE)
def at_home(prospect_id: int) -> ResponseReturnValue:
    """Where they are shown: a page with a fault that is loaded again, or found in the history, asks here."""
    return redirect(url_for("prospect.show", prospect_id=prospect_id), 303)


@bp.post("/prospects/<int:prospect_id>/addresses/<int:address_id>/remove")
@allows(Act.EDIT)
def remove(prospect_id: int, address_id: int) -> ResponseReturnValue:
    """Take one away."""
    with services().database.transaction() as session:
        gone = remove_second_address(session, prospect_id, address_id, by=me().id, at=now())
    if not gone:
        raise NotFoundError
    undo = url_for("second_addresses.bring_back", prospect_id=prospect_id, address_id=address_id)
    return _back(prospect_id, "Taken away. What comes from it no longer counts as theirs.", undo)


@bp.post("/prospects/<int:prospect_id>/addresses/<int:address_id>/bring-back")
@allows(Act.EDIT)
def bring_back(prospect_id: int, address_id: int) -> ResponseReturnValue:
    """Undo that."""
    with services().database.transaction() as session:
        is_back = bring_back_second_address(session, prospect_id, address_id, by=me().id, at=now())
    return _back(prospect_id, "It is noted again" if is_back else "Too late: please note it anew.", None)


def _back(prospect_id: int, text: str, undo_url: str | None) -> ResponseReturnValue:
    if is_htmx():  # an undo, from its toast
        return render_template(
            "staff/prospect/_addresses_anew.html",
            text=text,
            undo_url=undo_url,
            **_shown(prospect_id, AddressForm()),
        )
    here = url_for("prospect.show", prospect_id=prospect_id)
    return redirect(flashes.after(here, text, undo_url, me()), 303)


def _again(prospect_id: int, form: AddressForm, fault: str) -> ResponseReturnValue:
    """What was typed, with what is wrong with it."""
    form.address.errors = [f"{fault} Nothing was saved."]
    return render_template("staff/prospect/addresses.html", **_shown(prospect_id, form)), 422


def _shown(prospect_id: int, form: AddressForm) -> dict[str, Any]:
    person = recipients(reading(), [prospect_id]).get(prospect_id)
    if person is None:
        raise NotFoundError
    return {"person": person, "form": form, "known": second_addresses.of(reading(), prospect_id)}
