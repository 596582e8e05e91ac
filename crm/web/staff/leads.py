"""Leads: who said yes, how far they came, and the link to pass on."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.handoff import leads
from crm.handoff.models import Lead, LeadReport, LeadState
from crm.kernel.errors import NotFoundError
from crm.prospects.models import Company, Prospect
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, real_now, services
from crm.web.staff import times, words
from crm.workflows.leads.retry_lead import retry_lead

bp = Blueprint("leads", __name__)

_COLUMNS = (
    ("On the way", (LeadState.QUEUED, LeadState.CONFLICT, LeadState.REFUSED)),
    ("Handed over", (LeadState.HANDED_OVER,)),
    ("Signed up", (LeadState.SIGNED_UP,)),
    ("First image", (LeadState.FIRST_IMAGE,)),
    ("Paid", (LeadState.PAID, LeadState.CLOSED)),
)
_MOST = 60  # cards a column


@bp.get("/leads")
@allows(Act.SEE)
def listing() -> ResponseReturnValue:
    """The board: a column a state, newest first. Only the image service moves a card."""
    columns = []
    for title, states in _COLUMNS:
        query = (
            select(Lead, Prospect.name, Prospect.address, Company.name)
            .join(Prospect, Prospect.id == Lead.prospect_id)
            .join(Company, Company.id == Prospect.company_id)
            .where(Lead.state.in_(states))
            .order_by(Lead.changed_at.desc())
            .limit(_MOST)
        )
        cards = [_card(lead, name or address, firm) for lead, name, address, firm in reading().execute(query)]
        columns.append({"title": title, "cards": cards})
    return render_template("staff/leads/list.html", columns=columns, any=any(c["cards"] for c in columns))


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
        name=person.name or person.address,
        company=firm.name,
        said=words.LEAD[lead.state.value],
        link=services().links.start_url(code) if usable and code else "",
        waits=lead.handed_over_at is None,
        until=times.day(lead.code_expires_at, now()),
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


def _card(lead: Lead, name: str, company: str) -> dict[str, object]:
    text, tone = words.LEAD[lead.state.value]
    return {
        "id": lead.id,
        "name": name,
        "company": company,
        "initials": words.initials(company),
        "tint": lead.prospect_id % 8,
        "text": text,
        "warn": tone == "no" or (lead.state is LeadState.QUEUED and lead.attempt > 1),
        "when": times.ago(lead.changed_at, now()),
    }


def _facts(lead: Lead) -> list[tuple[str, str]]:
    found = [
        ("Said yes", times.short(lead.converted_at, now())),
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
