"""One prospect: the composer, the timeline, the verdict, the facts."""

from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.conversations.models import Note, NoteKind, Task
from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.kernel.text import clean_block
from crm.prospects import second_addresses
from crm.queries.pages.events import Event, Kind
from crm.queries.pages.prospect import Sheet, sheet
from crm.queries.pages.timeline import timeline
from crm.sequences.models import StopReason
from crm.staff.roles import Act
from crm.web import flashes
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.web.staff import times, words
from crm.web.staff.day.today_view import lately
from crm.web.staff.forms import NoteForm
from crm.web.staff.people import prospect_view as view
from crm.web.staff.people.prospect_choices import enrol_choices
from crm.web.staff.people.second_addresses import AddressForm
from crm.web.staff.people.verdict_view import verdict
from crm.workflows.desk.log_note import Said, bring_back_note, log_note, take_back_note

bp = Blueprint("prospect", __name__)

_SAVED = {NoteKind.NOTE: "Note saved", NoteKind.CALL: "Call saved", NoteKind.MEETING: "Meeting saved"}

_SHOWN = {
    "": ("Everything", frozenset(Kind)),
    "talks": ("Talks and notes", frozenset({Kind.NOTE, Kind.CALL, Kind.MEETING, Kind.REPLY})),
    "mail": ("Mail", frozenset({Kind.MAIL, Kind.REPLY, Kind.OPENING})),
    "changes": (
        "Changes",
        frozenset({Kind.STATUS, Kind.SERIES, Kind.TASK, Kind.LEAD, Kind.SOURCE, Kind.WISH}),
    ),
}


@bp.get("/prospects/<int:prospect_id>")
@allows(Act.SEE)
def show(prospect_id: int) -> ResponseReturnValue:
    """The whole page."""
    return page(prospect_id, NoteForm())


@bp.post("/prospects/<int:prospect_id>/notes")
@allows(Act.NOTE)
def note(prospect_id: int) -> ResponseReturnValue:
    """Save a note, call or meeting with its follow-up."""
    form = NoteForm(request.form)
    body = clean_block(form.body.data or "")
    if not _is_complete(form, body):
        return _composer(prospect_id, form) if is_htmx() else (page(prospect_id, form), 422)
    said = Said(
        kind=NoteKind(form.kind.data),
        body=body,
        follow_up_at=form.follow_up_at(now()),
        dedupe_key=(form.once.data or "")[:26] or None,
    )
    with services().database.transaction() as session:
        kept, task, is_new = log_note(session, prospect_id, said, by=me().id, now=now())
    found = _sheet(prospect_id)
    text = _saved(kept, task, found) if is_new else f"{_SAVED[kept.kind]} before: it is here once"
    undo_url = url_for("prospect.take_back", prospect_id=prospect_id, note_id=kept.id)
    if not is_htmx():
        here = url_for("prospect.show", prospect_id=prospect_id)
        return redirect(flashes.after(here, text, undo_url, me()), 303)
    return render_template(
        "staff/prospect/_note_saved.html",
        note_form=NoteForm(),
        event=_event(kept, prospect_id),
        text=text,
        undo_url=undo_url,
        **_around(found),
    )


@bp.post("/prospects/<int:prospect_id>/notes/<int:note_id>/take-back")
@allows(Act.NOTE)
def take_back(prospect_id: int, note_id: int) -> ResponseReturnValue:
    """Undo a note: it is gone from the page, and can be brought back for a day."""
    with services().database.transaction() as session:
        done = take_back_note(session, note_id, by=me().id, now=now())
    again = url_for("prospect.bring_back", prospect_id=prospect_id, note_id=note_id)
    text = "Note taken back" if done else "That note is not yours to take back, or was taken back already."
    return _undone(prospect_id, text, again if done else None)


@bp.post("/prospects/<int:prospect_id>/notes/<int:note_id>/bring-back")
@allows(Act.NOTE)
def bring_back(prospect_id: int, note_id: int) -> ResponseReturnValue:
    """Undo the undo."""
    with services().database.transaction() as session:
        done = bring_back_note(session, note_id, by=me().id, now=now())
    return _undone(prospect_id, "The note is back" if done else "It was taken back too long ago.", None)


def _is_complete(form: NoteForm, body: str) -> bool:
    complete = form.validate()
    if not body and not form.body.errors:
        form.body.errors = ["Type what was said. Nothing was saved yet."]
    if missing := form.missing_day(now()):
        form.follow_up.errors = [missing]
    return complete and bool(body) and not missing


def _saved(kept: Note, task: Task | None, found: Sheet) -> str:
    follow_up = f". Follow-up {times.inside(times.day(task.due_at, now()))}" if task else ""
    reason = found.series[0].enrolment.stop_reason if found.series else None
    is_why = kept.kind is NoteKind.MEETING and reason is StopReason.MEETING
    return f"{_SAVED[kept.kind]}{follow_up}{'. Their sequence stopped' if is_why else ''}"


def _undone(prospect_id: int, text: str, undo_url: str | None) -> ResponseReturnValue:
    if not is_htmx():
        here = url_for("prospect.show", prospect_id=prospect_id)
        return redirect(flashes.after(here, text, undo_url, me()), 303)
    is_desk = not urlsplit(request.headers.get("HX-Current-URL", "")).path.startswith("/prospects")
    return render_template(
        "staff/prospect/_timeline.html",
        days=_days(prospect_id),
        lately=lately(timeline(reading(), prospect_id), prospect_id) if is_desk else [],
        is_desk=is_desk,
        text=text,
        undo_url=undo_url,
        **_around(_sheet(prospect_id)),
    )


def _composer(prospect_id: int, form: NoteForm) -> ResponseReturnValue:
    return render_template("staff/prospect/_composer.html", prospect_id=prospect_id, note_form=form), 422


def _event(kept: Note, prospect_id: int) -> dict[str, object]:
    shown = Event(Kind(kept.kind.value), kept.happened_at, kept.id, who="You", text=kept.body)
    return view.event(shown, prospect_id=prospect_id)


def _days(prospect_id: int) -> list[tuple[str, list[dict[str, object]]]]:
    wanted = _SHOWN.get(request.args.get("show", ""), _SHOWN[""])[1]
    events = [one for one in timeline(reading(), prospect_id) if one.kind in wanted]
    return view.days(events, now(), prospect_id=prospect_id)


def _sheet(prospect_id: int) -> Sheet:
    found = sheet(reading(), prospect_id, now=now(), settings=services().settings)
    if found.person.restricted_at is not None and me().role.value == "sales":
        raise NotFoundError  # storage only: article 18
    return found


def _around(found: Sheet) -> dict[str, object]:
    """What a note may change beside the timeline."""
    return {
        "prospect_id": found.person.id,
        "status": words.STATUS[found.person.status],
        "tasks": view.tasks(found, now()),
        "series": view.series(found, now()),
        "sequences": enrol_choices(reading()),
        "verdict": verdict(found, now()),
    }


def page(prospect_id: int, form: NoteForm, *, until: str = "", until_fault: str = "") -> str:
    """The whole page. `until`: the day typed for a pause that `until_fault` says why there is none."""
    found = _sheet(prospect_id)
    shown = request.args.get("show", "")
    here = url_for("prospect.show", prospect_id=prospect_id)
    tabs = [
        {"label": label, "href": f"{here}?show={key}" if key else here, "current": key == shown}
        for key, (label, _) in _SHOWN.items()
    ]
    person = found.person
    return render_template(
        "staff/prospect/show.html",
        sheet=found,
        person=person,
        name=as_read(person.name or person.address),
        initials=words.initials(person.name or person.company),
        language=words.LANGUAGES.get(person.own_language or person.company_language, ""),
        there=view.there(found, now()),
        note_form=form,
        facts=view.facts(found, now()),
        days=_days(prospect_id),
        tabs=tabs,
        known=second_addresses.of(reading(), prospect_id),
        form=AddressForm(),
        statuses=[(status.value, said) for status, (said, _) in words.STATUS.items()],
        until=until,
        until_fault=until_fault,
        **_around(found),
    )
