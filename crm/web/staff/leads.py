"""Leads: who said yes, how far they came, and the link to pass on."""

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.handoff import leads
from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.kernel.text import whole_number
from crm.prospects.models import Company, Prospect
from crm.queries.pages import leads_board
from crm.queries.pages.leads_board import COUNTED, LeadRow
from crm.staff.models import Staff
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, real_now, services
from crm.web.staff import times, words
from crm.web.staff.people.yes_view import FIRST
from crm.workflows.leads.retry_lead import retry_lead

bp = Blueprint("leads", __name__)

_COLUMNS: Final = MappingProxyType(
    {
        "on-the-way": ("On the way", (LeadState.QUEUED, LeadState.CONFLICT, LeadState.REFUSED)),
        "handed-over": ("Handed over", (LeadState.HANDED_OVER,)),
        "signed-up": ("Signed up", (LeadState.SIGNED_UP,)),
        "first-image": ("First image", (LeadState.FIRST_IMAGE,)),
        "paid": ("Paid", (LeadState.PAID, LeadState.CLOSED)),
    }
)
_MOST: Final = 30
"""Cards a column; the others are a press away."""

_PAGE: Final = 50


@bp.get("/leads")
@allows(Act.SEE)
def listing() -> ResponseReturnValue:
    """The board: a column a state, newest first. Only the image service moves a card."""
    session, columns = reading(), []
    for key, (title, states) in _COLUMNS.items():
        cards = [_card(row) for row in leads_board.newest(session, states, limit=_MOST)]
        number = leads_board.how_many(session, states)
        columns.append(
            {"key": key, "title": title, "cards": cards, "count": _counted(number), "number": number}
        )
    return render_template(
        "staff/leads/list.html",
        columns=columns,
        any=any(one["cards"] for one in columns),
        nobody_takes_them=services().image_service is None,
    )


@bp.get("/leads/in/<key>")
@allows(Act.SEE)
def column(key: str) -> ResponseReturnValue:
    """One column whole, page by page."""
    if key not in _COLUMNS:
        raise NotFoundError
    title, states = _COLUMNS[key]
    found = leads_board.newest(reading(), states, limit=_PAGE + 1, before=_before(request.args.get("before")))
    shown = found[:_PAGE]
    older = None
    if len(found) > _PAGE:
        at, last = shown[-1].place
        older = url_for("leads.column", key=key, before=f"{at.timestamp():.6f}_{last}")
    return render_template(
        "staff/leads/column.html",
        title=title,
        rows=[_card(row) for row in shown],
        count=_counted(leads_board.how_many(reading(), states)),
        older=older,
        newest=url_for("leads.column", key=key) if request.args.get("before") else None,
    )


def _before(typed: str | None) -> tuple[datetime, int] | None:
    """The place an older page begins behind; a page that nobody made begins at the newest."""
    at, _, last = (typed or "").partition("_")
    number = whole_number(last)
    try:
        return (datetime.fromtimestamp(float(at), UTC), number) if number is not None else None
    except (ValueError, OverflowError, OSError):
        return None


def _counted(number: int) -> str:
    return f"{COUNTED:,}+" if number > COUNTED else f"{number:,}"


@bp.get("/leads/<int:lead_id>")
@allows(Act.SEE)
def show(lead_id: int) -> ResponseReturnValue:
    """One lead: what happened, and its sign-up link."""
    lead = reading().get(Lead, lead_id)
    if lead is None:
        raise NotFoundError
    person = reading().get_one(Prospect, lead.prospect_id)
    firm = reading().get_one(Company, person.company_id)
    reports = reading().scalars(
        select(LeadReport).where(LeadReport.lead_id == lead_id).order_by(LeadReport.id)
    )
    code = services().links.start_code(lead.public_id, lead.code_digest)
    usable = code is not None and leads.usable(lead, at=now())
    return render_template(
        "staff/leads/show.html",
        lead=lead,
        name=as_read(person.name or person.address),
        company=firm.name,
        said=words.LEAD[lead.state.value],
        link=services().links.start_url(code) if usable and code else "",
        waits=lead.handed_over_at is None,
        what_now=_what_now(lead),
        told=_told(lead) if request.args.get("did") == FIRST else "",
        until=times.inside(times.day(lead.code_expires_at, now())),
        facts=_facts(lead),
        reports=[(times.short(one.received_at, now()), words.LEAD[one.kind][0]) for one in reports],
        stuck=lead.state is LeadState.REFUSED
        or (lead.state is LeadState.QUEUED and lead.next_try_at is None),
    )


@bp.post("/leads/<int:lead_id>/retry")
@allows(Act.NOTE)
def retry(lead_id: int) -> ResponseReturnValue:
    """Try to hand a lead over again; the key makes that safe."""
    with services().database.transaction() as session:
        retry_lead(session, lead_id, by=me().id, at=now(), real_now=real_now())
    return redirect(url_for("leads.show", lead_id=lead_id, did="saved"), 303)


def _card(row: LeadRow) -> dict[str, object]:
    lead = row.lead
    text, tone = words.LEAD[lead.state.value]
    return {
        "id": lead.id,
        "name": as_read(row.name or row.address),
        "company": row.company,
        "initials": words.initials(row.company),
        "tint": lead.prospect_id % 8,
        "text": text[:1].upper() + text[1:],
        "warn": tone == "no" or (lead.state is LeadState.QUEUED and lead.attempt > 1),
        "when": times.ago(lead.changed_at, now()),
        "when_inside": times.inside(times.ago(lead.changed_at, now())),
    }


def _what_now(lead: Lead) -> str:
    """What a person can do about a lead that does not go on by itself."""
    if lead.state is LeadState.CONFLICT:
        return (
            "The image service knows this key with other facts. Trying again gets the same answer, and a "
            f"new key could make two accounts. Ask whoever runs it to look up {lead.public_id}: what they "
            "report of it counts here."
        )
    if lead.state is LeadState.REFUSED and lead.outcome == "objected":
        return "They said no, or asked for storage only, after their yes: nothing is handed over."
    if lead.state is LeadState.QUEUED and services().image_service is None:
        return "No image service is set (CRM_IMAGE_SERVICE_URL). It is handed over as soon as there is one."
    return ""


def _noted_by(lead: Lead) -> str:
    if lead.converted_by == me().id:
        return "You"
    return reading().scalar(select(Staff.name).where(Staff.id == lead.converted_by)) or "The program"


def _told(lead: Lead) -> str:
    """What somebody hears who came to note a yes that was noted: whose it is, and how the link goes."""
    when = times.inside(times.short(lead.converted_at, now()))
    link = "We mail them the link." if lead.link_by_mail else "The link is to be passed on by a colleague."
    return f"{_noted_by(lead)} noted their yes before: {when}. Nothing was done twice. {link}"


def _facts(lead: Lead) -> list[tuple[str, str]]:
    found = [
        ("Said yes", times.short(lead.converted_at, now())),
        ("Noted by", _noted_by(lead)),
        ("Link", "by mail" if lead.link_by_mail else "passed on by a colleague"),
        ("Tries", str(lead.attempt)),
    ]
    if lead.handed_over_at:
        found.append(("Handed over", times.short(lead.handed_over_at, now())))
    if lead.code_used_at:
        found.append(("Link used", times.short(lead.code_used_at, now())))
    if lead.outcome:
        found.append(("The service said", lead.outcome.replace("_", " ")))
    return found
