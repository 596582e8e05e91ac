"""Pause and resume: the answer says truthfully whether something may still be leaving (I12)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.audit import chain
from crm.kernel.errors import NotFoundError
from crm.operations import pause_ends
from crm.queries.sending.leaving import Reach, Scope
from crm.sequences.models import Enrolment, EnrolmentState
from crm.staff.roles import Act
from crm.web import flashes
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.web.staff.forms import NoteForm
from crm.web.staff.people.prospect import page
from crm.workflows.holding import pause as pauses
from crm.workflows.holding import pause_end
from crm.workflows.holding.pause import Wish
from crm.workflows.holding.pause_end import is_paused
from crm.workflows.holding.skip_step import skip_step

bp = Blueprint("pausing", __name__)

_FAR = 2  # years ahead that somebody may mean
_NO_DAY = "Choose a day after today, within two years. Nothing was changed."


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
        return page(prospect_id, NoteForm(), until=typed, until_fault=_NO_DAY), 422
    back = _home_of(prospect_id)
    if verb == "pause" and state is EnrolmentState.PAUSED:
        return turn(scope, on=True, until=until, back=back, is_new=False)
    return turn(scope, on=verb == "pause", until=until, back=back)


@bp.post("/prospects/<int:prospect_id>/series/<int:enrolment_id>/skip")
@allows(Act.ENROL)
def skip(prospect_id: int, enrolment_id: int) -> ResponseReturnValue:
    """Leave out a step that came too late."""
    with services().database.transaction() as session:
        skipped = skip_step(session, prospect_id, enrolment_id, by=chain.Actor.staff(me().id), at=now())
    did = "step_skipped" if skipped else "as_it_was"
    return redirect(f"{_home_of(prospect_id)}?did={did}", 303)


def _home_of(prospect_id: int) -> str:
    """Their page, or Today where the question was answered there."""
    if request.args.get("from") == "today":
        return url_for("today.show")
    return url_for("prospect.show", prospect_id=prospect_id)


_PAGES: Final[dict[Reach, tuple[str, Callable[[int], str]]]] = {
    Reach.EVERYTHING: ("everything", lambda _id: url_for("settings.show")),
    Reach.MAILBOX: ("this mailbox", lambda _id: url_for("limits.show")),
    Reach.SEQUENCE: ("this sequence", lambda id_: url_for("sequences.show", sequence_id=id_)),
}
_END = "/pauses/<any(everything, mailbox, sequence):reach>/<int:scope_id>/end"


@bp.get(_END)
@allows(Act.PAUSE)
def ask_end(reach: str, scope_id: int) -> ResponseReturnValue:
    """Until when it is paused, and the form for another end."""
    scope = Scope(Reach(reach), scope_id)
    if not is_paused(reading(), scope):
        return redirect(f"{_PAGES[scope.reach][1](scope_id)}?did=goes_on", 303)
    return _end_page(scope)


@bp.post(_END)
@allows(Act.PAUSE)
def move_end(reach: str, scope_id: int) -> ResponseReturnValue:
    """Give a running pause of a sequence, a mailbox or everything another end, or none."""
    scope, typed = Scope(Reach(reach), scope_id), request.form.get("until", "").strip()
    back, until = _PAGES[scope.reach][1](scope_id), _start_of(typed) if typed else None
    if typed and until is None and is_paused(reading(), scope):
        return _end_page(scope, typed, _NO_DAY), 422
    with services().database.transaction() as session:
        moved = pause_end.move_end(session, scope, Wish(chain.Actor.staff(me().id), now(), until=until))
    return redirect(_moved(back, until) if moved else f"{back}?did=goes_on", 303)


def _end_page(scope: Scope, typed: str = "", fault: str = "") -> str:
    ends_at = pause_ends.of(reading(), str(scope))
    what, back = _PAGES[scope.reach]
    return render_template(
        "staff/pause_end.html",
        what=what,
        back=back(scope.id),
        reach=scope.reach.value,
        scope_id=scope.id,
        said=times.inside(times.day(ends_at, now())) if ends_at else "",
        until=typed or (f"{times.local(ends_at):%Y-%m-%d}" if ends_at else ""),
        tomorrow=f"{times.local(now()) + timedelta(days=1):%Y-%m-%d}",
        fault=fault,
    )


def ends() -> dict[str, str]:
    """Until which day a pause lasts, by its scope; what waits for somebody is not among them."""
    return {scope: times.inside(times.day(at, now())) for scope, at in pause_ends.standing(reading()).items()}


def _moved(back: str, until: datetime | None) -> str:
    """The page that says which end the pause has now."""
    if until is None:
        return f"{back}?did=end_gone"
    return flashes.after(back, f"Saved. Paused until {times.inside(times.day(until, now()))}.", None, me())


def turn(
    scope: Scope, *, on: bool, back: str, reason: str = "", until: datetime | None = None, is_new: bool = True
) -> ResponseReturnValue:
    """Pause a scope, or let it go on, and return to a page (its address) that says what came of it.

    `is_new` False: it is paused already, and gets another end.
    """
    wish = Wish(by=chain.Actor.staff(me().id), at=now(), reason=reason, until=until)
    if on:
        paused = pauses.pause(services().pause_desk, scope, wish)
        did, changed = "paused" if paused.is_final else "paused_leaving", paused.changed
        if changed and paused.is_final and not is_new:
            return redirect(_moved(back, until), 303)
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
