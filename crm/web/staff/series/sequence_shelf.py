"""Putting a sequence away, bringing it back, and deleting one that nobody was ever in."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from crm.queries.pages.on_their_way import how_many
from crm.sequences.models import Enrolment
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff.series.sequences import found_or_404
from crm.workflows.series.retire_sequence import (
    PeopleInItError,
    archive_sequence,
    bring_back,
    delete_sequence,
)

bp = Blueprint("sequence_shelf", __name__)


@bp.get("/sequences/<int:sequence_id>/archive")
@allows(Act.PUBLISH)
def ask(sequence_id: int) -> ResponseReturnValue:
    """Archive or delete: what each would do, with the people in it."""
    return _page(sequence_id)


@bp.post("/sequences/<int:sequence_id>/archive")
@allows(Act.PUBLISH)
def archive(sequence_id: int) -> ResponseReturnValue:
    """Put it away; those on their way go on to the end, or are stopped."""
    stop = request.form.get("people") == "stop"
    with services().database.transaction() as session:
        archive_sequence(session, sequence_id, stop_people=stop, by=me().id, at=now())
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did="archived"), 303)


@bp.post("/sequences/<int:sequence_id>/bring-back")
@allows(Act.PUBLISH)
def back(sequence_id: int) -> ResponseReturnValue:
    """Take it from the shelf again."""
    with services().database.transaction() as session:
        bring_back(session, sequence_id, by=me().id, at=now())
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did="brought_back"), 303)


@bp.post("/sequences/<int:sequence_id>/delete")
@allows(Act.PUBLISH)
def delete(sequence_id: int) -> ResponseReturnValue:
    """Delete it; with people in it that is refused, and archiving is offered."""
    found_or_404(sequence_id)
    try:
        with services().database.transaction() as session:
            delete_sequence(session, sequence_id, by=me().id, at=now())
    except PeopleInItError as error:
        return _page(sequence_id, problem=str(error)), 409
    return redirect(url_for("sequences.listing", did="deleted"), 303)


def _page(sequence_id: int, *, problem: str = "") -> str:
    row = found_or_404(sequence_id)
    ever = select(func.count()).where(Enrolment.sequence_id == sequence_id)
    return render_template(
        "staff/sequences/archive.html",
        row=row,
        problem=problem,
        active=how_many(reading(), sequence_id, not_in=None)[0],
        ever=reading().scalar(ever) or 0,
    )
