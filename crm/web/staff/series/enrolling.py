"""Enrolling one or many: the gate says about each whether and when, and why not."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.kernel.text import whole_number
from crm.permission.words import explain
from crm.prospects.models import Prospect
from crm.queries.gate.recipients import recipients
from crm.sequences.models import Sequence
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.workflows.foresight.foresee_notices import foresee_notices
from crm.workflows.series.enrol import Enrolled, enrol

bp = Blueprint("enrolling", __name__)

_MOST = 500  # ticked on one page there are at most fifty


@bp.post("/prospects/bulk")
@allows(Act.ENROL)
def bulk() -> ResponseReturnValue:
    """What the bar under the list does with the rows that are ticked."""
    ids = [number for value in request.form.getlist("id")[:_MOST] if (number := whole_number(value))]
    if request.form.get("act") == "assign":
        with services().database.transaction() as session:
            session.execute(update(Prospect).where(Prospect.id.in_(ids)).values(owner_id=me().id))
        return redirect(url_for("prospects.listing", view="mine", did="saved"), 303)
    if request.form.get("act") == "rehearse":
        sequence_id = whole_number(request.form.get("sequence_id"))
        if sequence_id is None:
            raise NotFoundError
        chosen = ".".join(str(one) for one in ids)
        return redirect(url_for("rehearsing.show", sequence_id=sequence_id, who="chosen", ids=chosen), 303)
    return _enrol(ids)


@bp.post("/prospects/<int:prospect_id>/enrol")
@allows(Act.ENROL)
def one(prospect_id: int) -> ResponseReturnValue:
    """Enrol one person from their page."""
    return _enrol([prospect_id])


def _enrol(ids: list[int]) -> ResponseReturnValue:
    sequence_id = whole_number(request.form.get("sequence_id"))
    series = reading().get(Sequence, sequence_id) if sequence_id else None
    if series is None:
        raise NotFoundError
    if series.archived_at is not None:
        return redirect(url_for("sequences.show", sequence_id=series.id, did="archived"), 303)
    with services().database.transaction() as session:
        found = enrol(session, ids, series.id, by=me().id, now=now(), settings=services().settings)
    begun = [one.prospect_id for one in found if one.is_in]
    with services().database.reading() as session:
        late = foresee_notices(session, series.id, begun, now=now(), settings=services().settings)
    if len(ids) == 1 and begun and late is None:
        return redirect(url_for("prospect.show", prospect_id=ids[0], did="enrolled"), 303)
    people = recipients(reading(), ids)
    lines = [
        _line(one, as_read(people[one.prospect_id].name or people[one.prospect_id].address))
        for one in found
        if one.prospect_id in people
    ]
    return render_template(
        "staff/prospects/enrolled.html",
        series=series,
        lines=lines,
        number=len(begun),
        late=late,
        may_set_limits=may(me().role, Act.SETTINGS),
    )


def _line(found: Enrolled, name: str) -> dict[str, object]:
    against = found.decision.against if found.decision else ()
    why = explain(against[0]) if against else None
    return {
        "id": found.prospect_id,
        "name": name,
        "is_in": found.is_in,
        "when": times.short(found.due_at, now()) if found.due_at else "",
        "why": why.title if why else "",
        "mend": why.mend if why else "",
    }
