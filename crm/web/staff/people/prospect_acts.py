"""What a colleague does about one prospect: stage, stop, no, yes, a file of everything, erasure."""

import json

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, RadioField, StringField
from wtforms.validators import Length

from crm.audit.chain import Actor
from crm.handoff import leads
from crm.kernel.digests import AddressDigest
from crm.kernel.errors import NotFoundError
from crm.permission.words import explained
from crm.privacy.models import RefusalReason, RefusalScope
from crm.privacy.register import Wish
from crm.prospects.models import Status
from crm.queries.gate.recipients import Recipient, recipients
from crm.queries.pages.prospect import sheet
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, real_now, services
from crm.web.public.desk import desk, shelves
from crm.web.staff import words
from crm.web.staff.people import yes_view
from crm.web.staff.people.why_view import coming
from crm.workflows.foresight.why_not import outlooks
from crm.workflows.leads.convert import Converting, StandingNoError, convert
from crm.workflows.people.change_status import change_status
from crm.workflows.refusals.erase import erase
from crm.workflows.refusals.export_person import House, export_person
from crm.workflows.refusals.refuse import Mailbox, refuse
from crm.workflows.refusals.stop_series import stop_series_of

bp = Blueprint("prospect_acts", __name__)


class RefuseForm(Form):
    """What they said, and where."""

    scope = RadioField(
        "What did they say?",
        choices=[
            (RefusalScope.ADDRESS.value, "Do not contact me again"),
            (RefusalScope.DOMAIN.value, "Leave our whole company alone"),
            (RefusalScope.MEASURING.value, "Do not measure whether I read your mails"),
        ],
        default=RefusalScope.ADDRESS.value,
    )


class EraseForm(Form):
    """The company's name, typed."""

    company = StringField("Type the company's name to erase them", [Length(max=200)])


def _person(prospect_id: int) -> Recipient:
    found = recipients(reading(), [prospect_id]).get(prospect_id)
    if found is None:
        raise NotFoundError
    return found


def _back(prospect_id: int, did: str = "") -> ResponseReturnValue:
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did=did or None), 303)


def _mailbox(person: Recipient, *, domain: bool = False) -> Mailbox:
    key = (AddressDigest(person.address_digest), services().settings.keys.addresses.version)
    return Mailbox((key,), person.firm_domain if domain else None)


@bp.get("/prospects/<int:prospect_id>/why")
@allows(Act.SEE)
def why(prospect_id: int) -> ResponseReturnValue:
    """What comes next, and every check of the gate for every kind of mail, with proof and mending."""
    person = _person(prospect_id)
    found = sheet(reading(), prospect_id, now=now(), settings=services().settings)
    checks = [
        (name, words.VERDICT[said.verdict], [(words.WEIGHT[one.weight], why) for one, why in explained(said)])
        for name, said in (
            ("A mail of a sequence", found.may_write),
            ("A mail by hand", found.may_write_by_hand),
            ("An answer to theirs", found.may_answer),
        )
    ]
    outlook = outlooks(reading(), [prospect_id], now=now(), settings=services().settings)[prospect_id]
    return render_template(
        "staff/prospect/why.html", person=person, checks=checks, coming=coming(outlook, person, now())
    )


@bp.post("/prospects/<int:prospect_id>/status")
@allows(Act.NOTE)
def set_status(prospect_id: int) -> ResponseReturnValue:
    """Say how far we are with them."""
    chosen = request.form.get("status", "")
    if chosen not in set(Status):
        return _back(prospect_id)
    with services().database.transaction() as session:
        stopped = change_status(session, prospect_id, Status(chosen), by=me().id, at=now())
    return _back(prospect_id, "stage_ended" if stopped else "saved")


@bp.post("/prospects/<int:prospect_id>/series/<int:enrolment_id>/stop")
@allows(Act.ENROL)
def stop_series(prospect_id: int, enrolment_id: int) -> ResponseReturnValue:
    """Stop a sequence for one person; what is planned does not leave."""
    with services().database.transaction() as session:
        stop_series_of(session, prospect_id, enrolment_id, at=now())
    return _back(prospect_id, "stopped")


@bp.get("/prospects/<int:prospect_id>/refuse")
@allows(Act.REFUSE)
def ask_refuse(prospect_id: int) -> ResponseReturnValue:
    """Ask what they said."""
    return render_template("staff/prospect/refuse.html", person=_person(prospect_id), form=RefuseForm())


@bp.post("/prospects/<int:prospect_id>/refuse")
@allows(Act.REFUSE)
def note_refusal(prospect_id: int) -> ResponseReturnValue:
    """Write down a no that came by phone or letter. It holds at once; there is no undo for a no."""
    person, form = _person(prospect_id), RefuseForm(request.form)
    if not form.validate():
        return render_template("staff/prospect/refuse.html", person=person, form=form), 422
    scope = RefusalScope(form.scope.data)
    wish = Wish(scope=scope, reason=RefusalReason.BY_STAFF, channel="staff", at=now())
    mailbox = _mailbox(person, domain=scope is RefusalScope.DOMAIN)
    answer = refuse(desk(), mailbox, wish, by=Actor.staff(me().id))
    return render_template("staff/prospect/refused.html", person=person, answer=answer)


@bp.get("/prospects/<int:prospect_id>/convert")
@allows(Act.NOTE)
def ask_convert(prospect_id: int) -> ResponseReturnValue:
    """Say what a yes sets in motion, before it does; or what keeps it from doing so."""
    known = leads.of_prospect(reading(), prospect_id)
    if known is not None:
        return redirect(yes_view.lead_there_is(known), 303)
    return _ask_convert(prospect_id)


@bp.post("/prospects/<int:prospect_id>/convert")
@allows(Act.NOTE)
def note_yes(prospect_id: int) -> ResponseReturnValue:
    """They said yes: sequences stop, the lead is queued, the link goes by mail or is passed on."""
    bundle = services()
    how = Converting(
        ring=bundle.settings.keys.addresses,
        links=bundle.links,
        now=now(),
        real_now=real_now(),
        link_by_mail=request.form.get("link", "mail") == "mail",
    )
    try:
        with bundle.database.transaction() as session:
            done = convert(session, prospect_id, how, by=Actor.staff(me().id))
    except StandingNoError:
        return _ask_convert(prospect_id), 409
    if not done.is_new:
        return redirect(yes_view.lead_there_is(done.lead), 303)
    return redirect(url_for("leads.show", lead_id=done.lead.id, did="converted"), 303)


def _ask_convert(prospect_id: int) -> str:
    person = _person(prospect_id)
    return render_template(
        "staff/prospect/convert.html", person=person, noes=yes_view.in_the_way(prospect_id)
    )


@bp.get("/prospects/<int:prospect_id>/export")
@allows(Act.EXPORT)
def export(prospect_id: int) -> ResponseReturnValue:
    """Everything we hold about them, as JSON; audited."""
    person, settings = _person(prospect_id), services().settings
    house = House(settings.keys.addresses, settings.controller, settings.retention_months)
    key = (AddressDigest(person.address_digest), settings.keys.addresses.version)
    with services().database.transaction() as session:
        found = export_person(session, house, key, at=now(), by=Actor.staff(me().id))
    text = json.dumps(found, ensure_ascii=False, indent=2)
    headers = {"Content-Disposition": f'attachment; filename="prospect-{prospect_id}.json"'}
    return Response(text, mimetype="application/json", headers=headers)


@bp.get("/prospects/<int:prospect_id>/erase")
@allows(Act.ERASE)
def ask_erase(prospect_id: int) -> ResponseReturnValue:
    """Ask for the company's name: an erasure cannot be taken back."""
    return render_template("staff/prospect/erase.html", person=_person(prospect_id), form=EraseForm())


@bp.post("/prospects/<int:prospect_id>/erase")
@allows(Act.ERASE)
def carry_out_erasure(prospect_id: int) -> ResponseReturnValue:
    """Erase them everywhere; the no that it implies stays as an unreadable code."""
    person, form = _person(prospect_id), EraseForm(request.form)
    if (form.company.data or "").strip().casefold() != person.company.strip().casefold():
        form.company.errors = [f"Type “{person.company}” to erase them. Nothing was erased."]
        return render_template("staff/prospect/erase.html", person=person, form=form), 422
    receipt = erase(
        desk(),
        shelves(),
        _mailbox(person),
        channel="staff",
        at=now(),
        by=Actor.staff(me().id),
    )
    return render_template("staff/prospect/erased.html", receipt=receipt)
