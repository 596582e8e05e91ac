"""Pause and resume: the answer says truthfully whether something may still be leaving (I12)."""

from datetime import UTC, date, datetime, time

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.audit import chain
from crm.kernel.errors import NotFoundError
from crm.queries.leaving import Reach, Scope
from crm.sequences.models import Enrolment, EnrolmentState
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.workflows.sending import pause as pauses
from crm.workflows.sending.pause import Wish
from crm.workflows.sending.skip_step import skip_step

bp = Blueprint("pausing", __name__)

_FAR = 2  # years ahead that somebody may mean


@bp.post("/prospects/<int:prospect_id>/series/<int:enrolment_id>/<any(pause, resume):verb>")
@allows(Act.ENROL)
def enrolment(prospect_id: int, enrolment_id: int, verb: str) -> ResponseReturnValue:
    """Pause one person's sequence until a day, or until somebody resumes it; give a pause another end."""
    theirs = select(Enrolment.state).where(Enrolment.id == enrolment_id, Enrolment.prospect_id == prospect_id)
    state = reading().scalar(theirs)
    if state is None:
        raise NotFoundError
    scope, typed = Scope(Reach.ENROLMENT, enrolment_id), request.form.get("until", "").strip()
    until = _start_of(typed) if verb == "pause" and typed else None
    if verb == "pause" and typed and until is None:
        return redirect(url_for("prospect.show", prospect_id=prospect_id, did="bad_day"), 303)
    back = url_for("prospect.show", prospect_id=prospect_id)
    if verb == "pause" and state is EnrolmentState.PAUSED:
        return turn(scope, on=True, until=until, back=back, did="end_moved")
    return turn(scope, on=verb == "pause", until=until, back=back)


@bp.post("/prospects/<int:prospect_id>/series/<int:enrolment_id>/skip")
@allows(Act.ENROL)
def skip(prospect_id: int, enrolment_id: int) -> ResponseReturnValue:
    """Leave out a step that came too late."""
    with services().database.transaction() as session:
        skipped = skip_step(session, prospect_id, enrolment_id, by=chain.Actor.staff(me().id), at=now())
    did = "step_skipped" if skipped else "as_it_was"
    return redirect(url_for("prospect.show", prospect_id=prospect_id, did=did), 303)


def turn(
    scope: Scope, *, on: bool, back: str, reason: str = "", until: datetime | None = None, did: str = "paused"
) -> ResponseReturnValue:
    """Pause a scope, or let it go on, and return to a page (its address) that says what came of it."""
    wish = Wish(by=chain.Actor.staff(me().id), at=now(), reason=reason, until=until)
    if on:
        paused = pauses.pause(services().pause_desk, scope, wish)
        did = did if paused.is_final else "paused_leaving"
        changed = paused.changed
    else:
        with services().database.transaction() as session:
            changed = pauses.resume(session, scope, wish)
        did = "resumed"
    return redirect(f"{back}?did={did if changed else 'as_it_was'}", 303)


def _start_of(typed: str) -> datetime | None:
    """The start of a day ahead, in our own zone; None when that is not what was typed."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    today = times.local(now()).date()
    if not today < day or day.year > today.year + _FAR:
        return None
    return datetime.combine(day, time.min, times.HOME).astimezone(UTC)
