"""What stands in the way of writing to somebody, mended where the page says so."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import DateField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from crm.audit.chain import Actor
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import MailKind
from crm.kernel.text import one_line, whole_number
from crm.permission.decide import decide
from crm.permission.evidence import NewEvidence
from crm.permission.findings import Finding
from crm.permission.models import Assessment
from crm.permission.reasons import Reason
from crm.permission.terms import Basis
from crm.permission.words import RELEASED, refused_by_company
from crm.prospects.models import SourceKind
from crm.prospects.store import NewSource
from crm.queries.gate.facts import facts_for
from crm.queries.gate.recipients import Recipient, recipients
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff.importing.import_form import BASES, SOURCES
from crm.web.staff.people.record_forms import WebPages
from crm.web.staff.times import HOME, local
from crm.workflows.people import mend_prospect as mending

bp = Blueprint("mending", __name__)

_GROUND = frozenset(
    {
        Reason.DESTINATION_DENIES, Reason.ORIGIN_DENIES, Reason.BASIS_MISSING, Reason.PROOF_INCOMPLETE,
        Reason.PROOF_STALE, Reason.NOT_BUSINESS_ADDRESS, Reason.SOURCE_MISSING, Reason.ASSESSMENT_MISSING,
        Reason.ASSESSMENT_INACTIVE, Reason.ASSESSMENT_OUT_OF_SCOPE, Reason.INTEREST_SWITCHED_OFF,
    }
)  # fmt: skip
_FACTS = frozenset(
    {
        Reason.COUNTRY_UNKNOWN, Reason.LEGAL_FORM_UNKNOWN, Reason.ADDRESS_INVALID,
        Reason.ADDRESS_UNENCODABLE, Reason.ADDRESS_BOUNCED, Reason.ADDRESS_CLOSED, Reason.DOMAIN_NO_MAIL,
        Reason.DOMAIN_NULL_MX, Reason.RELEVANCE_MISSING, Reason.ROLE_RELEVANCE_MISSING,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Way:
    """What a colleague can press about a reason."""

    text: str
    url: str
    posts: bool = False


def way_of(finding: Finding, prospect_id: int, *, is_companys_no: bool = False) -> Way | None:
    """How this colleague mends a reason from the page; None when it takes somebody else, or time.

    With `is_companys_no` their whole company said no, which no release of colleagues changes.
    """
    if not may(me().role, Act.EDIT) or (is_companys_no and finding.reason in RELEASED):
        return None
    reason = finding.reason
    if reason in _GROUND:
        return Way("Record a ground", url_for("mending.ask", prospect_id=prospect_id))
    if reason in _FACTS:
        return Way("Change the facts", url_for("records.edit", prospect_id=prospect_id))
    if reason is Reason.ADDRESS_BOUNCING:
        return Way("It works", url_for("mending.works", prospect_id=prospect_id), posts=True)
    if reason is Reason.COLLEAGUE_REPLIED or (
        reason is Reason.COLLEAGUE_REFUSED and may(me().role, Act.RESOLVE)
    ):
        return Way("Release the others", url_for("mending.release", prospect_id=prospect_id), posts=True)
    return None


class GroundForm(WebPages):
    """On what ground, and where the address comes from."""

    basis = SelectField(
        "Ground", choices=[("", "as it is"), *((k.value, v) for k, v in BASES.items())], default=""
    )
    basis_url = StringField("Web page that shows it", [Length(max=500)])
    basis_wording = TextAreaField("The sentence there, or what they agreed to", [Optional(), Length(max=500)])
    channel = StringField("How they agreed", [Length(max=64)])
    assessment_id = SelectField("Written assessment", choices=[("", "none")], default="")
    given_on = DateField("Seen, given or bought on", [Optional()])
    source_kind = SelectField(
        "Where does the address come from?",
        choices=[("", "as it is"), *((k.value, v) for k, v in SOURCES.items())],
        default="",
    )
    source_words = StringField("The place, in words", [Length(max=500)])
    source_url = StringField("Web page of the source", [Length(max=500)])
    obtained_on = DateField("Since when do we have it?", [Optional()])
    measuring_on = DateField("They agreed on", [Optional()])
    measuring_words = TextAreaField("What they agreed to, and how", [Optional(), Length(max=500)])

    def complete(self) -> bool:
        """Whether it says enough; what is missing stands beside its field."""
        fine = self.validate()
        measures = self.measuring_on.data is not None or bool(self.measuring_words.data)
        if not self.basis.data and not self.source_kind.data and not measures:
            self.basis.errors = ["Choose a ground, or say where the address comes from. Nothing was saved."]
        if self.basis.data and self.given_on.data is None:
            self.given_on.errors = ["Say on which day. Nothing was saved."]
        if self.source_kind.data and self.obtained_on.data is None:
            self.obtained_on.errors = ["Say since when. Nothing was saved."]
        if measures and self.measuring_on.data is None:
            self.measuring_on.errors = ["Say on which day. Nothing was saved."]
        if measures and not (self.measuring_words.data or "").strip():
            self.measuring_words.errors = ["Say what they agreed to, and how. Nothing was saved."]
        for day in (self.given_on, self.obtained_on, self.measuring_on):
            if day.data and day.data > local(now()).date():
                day.errors = ["This date lies in the future."]
        return fine and not self.errors


@bp.get("/prospects/<int:prospect_id>/ground")
@allows(Act.EDIT)
def ask(prospect_id: int) -> ResponseReturnValue:
    """An empty form."""
    return _page(prospect_id, _form())


@bp.post("/prospects/<int:prospect_id>/ground")
@allows(Act.EDIT)
def record(prospect_id: int) -> ResponseReturnValue:
    """Write it down; the gate judges it at once."""
    _person(prospect_id)
    form = _form()
    if not form.complete():
        return _page(prospect_id, form), 422
    by = Actor.staff(me().id)
    with services().database.transaction() as session:
        mending.record_ground(session, _proof(prospect_id, form), _source(prospect_id, form), by=by, at=now())
        if form.measuring_on.data is not None:
            words, given_at = one_line(form.measuring_words.data or ""), _midnight(form.measuring_on.data)
            mending.record_measuring(session, prospect_id, words, given_at, by=me().id, at=now())
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did="saved"), 303)


@bp.post("/prospects/<int:prospect_id>/works")
@allows(Act.EDIT)
def works(prospect_id: int) -> ResponseReturnValue:
    """Say that the address takes mail after all."""
    with services().database.transaction() as session:
        mending.mark_working(session, prospect_id)
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did="saved"), 303)


@bp.post("/prospects/<int:prospect_id>/release")
@allows(Act.EDIT)
def release(prospect_id: int) -> ResponseReturnValue:
    """Let the others at this company be written to again."""
    person = _person(prospect_id)
    facts = facts_for(reading(), [person.id], MailKind.OUTREACH, now(), services().settings)[person.id]
    if refused_by_company(decide(facts, now())):
        return redirect(url_for("prospect.show", prospect_id=prospect_id, did="companys_no"), 303)
    with services().database.transaction() as session:
        mending.release_others(session, prospect_id, by=Actor.staff(me().id), at=now())
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did="released"), 303)


def _form() -> GroundForm:
    form = GroundForm(request.form)
    known = reading().execute(select(Assessment.id, Assessment.title).order_by(Assessment.id))
    form.assessment_id.choices = [("", "none"), *((str(row.id), row.title) for row in known)]
    return form


def _page(prospect_id: int, form: GroundForm) -> str:
    return render_template("staff/prospect/ground.html", person=_person(prospect_id), form=form)


def _person(prospect_id: int) -> Recipient:
    found = recipients(reading(), [prospect_id]).get(prospect_id)
    if found is None:
        raise NotFoundError
    return found


def _proof(prospect_id: int, form: GroundForm) -> NewEvidence | None:
    if not form.basis.data or form.given_on.data is None:
        return None
    return NewEvidence(
        prospect_id=prospect_id,
        basis=Basis(form.basis.data),
        given_at=_midnight(form.given_on.data),
        url=one_line(form.basis_url.data or ""),
        wording=one_line(form.basis_wording.data or ""),
        channel=one_line(form.channel.data or ""),
        confirmed_by=me().name,
        assessment_id=whole_number(form.assessment_id.data),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, HOME).astimezone(UTC)


def _source(prospect_id: int, form: GroundForm) -> NewSource | None:
    if not form.source_kind.data or form.obtained_on.data is None:
        return None
    return NewSource(
        prospect_id,
        SourceKind(form.source_kind.data),
        one_line(form.source_url.data or ""),
        one_line(form.source_words.data or ""),
        form.obtained_on.data,
    )
