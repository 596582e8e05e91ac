"""Add a person by hand; change what we know of one, beside a colleague who does the same."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.addresses import EmailAddress
from crm.kernel.business import LegalForm
from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.kernel.text import one_line, whole_number
from crm.prospects.editing import (
    AddressTakenError,
    CompanyChanges,
    EditConflictError,
    ProspectChanges,
    RestrictedError,
)
from crm.prospects.import_models import RowOutcome
from crm.prospects.models import Company, Prospect, SourceKind
from crm.prospects.reading.parsed import ParsedRow
from crm.prospects.reading.vocabulary import DeclaredBasis
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff.people.record_forms import EditForm, NewForm
from crm.workflows.people.add_prospect import Added, add_prospect
from crm.workflows.people.edit_prospect import edit_company, edit_prospect

bp = Blueprint("records", __name__)


@bp.get("/prospects/new")
@allows(Act.EDIT)
def new() -> ResponseReturnValue:
    """An empty form."""
    return render_template("staff/prospect/new.html", form=NewForm(), fault="")


@bp.post("/prospects/new")
@allows(Act.EDIT)
def add() -> ResponseReturnValue:
    """Take one person in, as a row of a file would be."""
    form = NewForm(request.form)
    if not form.validate():
        return render_template("staff/prospect/new.html", form=form, fault=""), 422
    with services().database.transaction() as session:
        added = add_prospect(
            session,
            services().intake,
            _row(form),
            by=me().id,
            now=now(),
            role_relevance=one_line(form.role_relevance.data or ""),
            relevance_by=me().name,
        )
    if added.prospect_id is not None:
        return redirect(url_for("prospect.show", prospect_id=added.prospect_id, did=_did(added)), 303)
    return render_template("staff/prospect/new.html", form=form, fault=_why(added)), 409


@bp.get("/prospects/<int:prospect_id>/edit")
@allows(Act.EDIT)
def edit(prospect_id: int) -> ResponseReturnValue:
    """The record as it is now."""
    person, company = _both(prospect_id)
    form = EditForm(
        data={
            "address": as_read(person.address), "name": person.name, "role": person.role,
            "language": person.language,
            "company": company.name, "website": company.website, "country": company.country,
            "time_zone": company.time_zone, "legal_form": company.legal_form.value,
            "relevance": company.relevance, "role_relevance": person.role_relevance,
            "version": person.version, "company_version": company.version,
        }
    )  # fmt: skip
    form.offer(person, company)
    return _edit_page(person, form)


@bp.post("/prospects/<int:prospect_id>/edit")
@allows(Act.EDIT)
def save(prospect_id: int) -> ResponseReturnValue:
    """Save; when a colleague saved meanwhile both values are shown, and nothing is lost."""
    person, company = _both(prospect_id)
    form = EditForm(request.form)
    form.offer(person, company)
    if not form.validate():
        return _edit_page(person, form), 422
    try:
        _write(person.id, company, form)
    except EditConflictError as error:
        both = [(field, pair.mine, pair.theirs) for field, pair in error.both.items()]
        fresh, fresh_company = _both(prospect_id)
        form.version.data, form.company_version.data = str(fresh.version), str(fresh_company.version)
        return _edit_page(person, form, both=both), 409
    except AddressTakenError as error:
        form.address.errors = [f"{error} Nothing was saved."]
        return _edit_page(person, form, other=error.prospect_id), 409
    except RestrictedError as error:
        form.name.errors = [str(error)]
        return _edit_page(person, form), 409
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did="saved"), 303)


def _write(prospect_id: int, company: Company, form: EditForm) -> None:
    bundle, relevance = services(), one_line(form.relevance.data or "")
    theirs = ProspectChanges(
        name=one_line(form.name.data or ""),
        role=one_line(form.role.data or ""),
        role_relevance=one_line(form.role_relevance.data or ""),
        language=form.language.data or "",
        address=EmailAddress.parse(form.address.data or ""),
    )
    firms = CompanyChanges(
        name=one_line(form.company.data or ""),
        website=one_line(form.website.data or ""),
        country=form.country.data or "",
        time_zone=form.time_zone.data or "",
        legal_form=LegalForm(form.legal_form.data),
        relevance=relevance,
        # Who decided that we are relevant is whoever wrote that, not who mended a name beside it (P16).
        relevance_by=me().name if relevance != company.relevance else None,
    )
    with bundle.database.transaction() as session:
        edit_prospect(
            session,
            prospect_id,
            theirs,
            version=_number(form.version.data),
            ring=bundle.settings.keys.addresses,
            journal=bundle.journal,
            by=me().id,
            now=now(),
        )
        edit_company(
            session, company.id, firms, version=_number(form.company_version.data), by=me().id, now=now()
        )


def _number(text: object) -> int:
    return whole_number(text) or 0


def _both(prospect_id: int) -> tuple[Prospect, Company]:
    session = reading()
    person = session.get(Prospect, prospect_id, populate_existing=True)
    if person is None:
        raise NotFoundError
    return person, session.get_one(Company, person.company_id, populate_existing=True)


def _edit_page(
    person: Prospect,
    form: EditForm,
    *,
    both: list[tuple[str, str, str]] | None = None,
    other: int | None = None,
) -> str:
    return render_template("staff/prospect/edit.html", person=person, form=form, both=both or [], other=other)


def _row(form: NewForm) -> ParsedRow:
    basis = form.basis.data
    return ParsedRow(
        address=EmailAddress.parse(form.address.data or ""),
        company=one_line(form.company.data or ""),
        website=one_line(form.website.data or ""),
        country=form.country.data or "",
        language=form.language.data or "",
        time_zone=form.time_zone.data or "",
        legal_form=LegalForm(form.legal_form.data),
        relevance=one_line(form.relevance.data or ""),
        name=one_line(form.name.data or ""),
        role=one_line(form.role.data or ""),
        source_kind=SourceKind(form.source_kind.data),
        source_url=one_line(form.source_url.data or ""),
        source_words=one_line(form.source_words.data or ""),
        obtained_on=form.obtained_on.data,
        basis=DeclaredBasis(basis) if basis else None,
        basis_url=one_line(form.basis_url.data or ""),
        basis_wording=one_line(form.basis_wording.data or ""),
        confirmed_by=me().name,
        opted_out=False,
    )


def _did(added: Added) -> str:
    return "known" if added.outcome in {RowOutcome.UNCHANGED, RowOutcome.UPDATED} else "saved"


def _why(added: Added) -> str:
    if added.outcome is RowOutcome.REFUSED:
        return "They told us to stop, so nothing about them was kept."
    return added.reason or "Nothing was kept."
