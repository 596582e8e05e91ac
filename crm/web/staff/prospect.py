"""One prospect: the composer, the timeline, the verdict, the facts."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.conversations import notes
from crm.conversations.models import Note, NoteKind
from crm.kernel.errors import NotFoundError
from crm.kernel.text import clean_block
from crm.queries.prospect import sheet
from crm.queries.timeline import Event, Kind, timeline
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.web.staff import prospect_view as view
from crm.web.staff import words
from crm.web.staff.forms import NoteForm, follow_up_at
from crm.web.staff.prospect_choices import enrol_choices
from crm.workflows.log_note import Said, log_note

bp = Blueprint("prospect", __name__)

_SHOWN = {
    "": ("Everything", frozenset(Kind)),
    "talks": ("Talks and notes", frozenset({Kind.NOTE, Kind.CALL, Kind.MEETING, Kind.REPLY})),
    "mail": ("Mail", frozenset({Kind.MAIL, Kind.REPLY, Kind.OPENING})),
    "changes": ("Changes", frozenset({Kind.STATUS, Kind.SERIES, Kind.TASK, Kind.LEAD, Kind.SOURCE})),
}


@bp.get("/prospects/<int:prospect_id>")
@allows(Act.SEE)
def show(prospect_id: int) -> ResponseReturnValue:
    """The whole page."""
    return _page(prospect_id, NoteForm())


@bp.post("/prospects/<int:prospect_id>/notes")
@allows(Act.NOTE)
def note(prospect_id: int) -> ResponseReturnValue:
    """Save a note, call or meeting with its follow-up."""
    form = NoteForm(request.form)
    body = clean_block(form.body.data or "")
    if not form.validate() or not body:
        if not form.body.errors:
            form.body.errors = ["Type what was said. Nothing was saved yet."]
        return _composer(prospect_id, form) if is_htmx() else (_page(prospect_id, form), 422)
    said = Said(
        kind=NoteKind(form.kind.data),
        body=body,
        follow_up_at=follow_up_at(form.follow_up.data or "", now()),
        dedupe_key=(form.once.data or "")[:26] or None,
    )
    with services().database.transaction() as session:
        kept, _task = log_note(session, prospect_id, said, by=me().id, now=now())
    if not is_htmx():
        return redirect(url_for("prospect.show", prospect_id=prospect_id, did="saved"), 303)
    return render_template(
        "staff/prospect/_note_saved.html",
        prospect_id=prospect_id,
        note_form=NoteForm(),
        event=_event(kept, prospect_id),
        undo_url=url_for("prospect.take_back", prospect_id=prospect_id, note_id=kept.id),
    )


@bp.post("/prospects/<int:prospect_id>/notes/<int:note_id>/take-back")
@allows(Act.NOTE)
def take_back(prospect_id: int, note_id: int) -> ResponseReturnValue:
    """Undo a note: it is gone from the page, and can be brought back for a day."""
    with services().database.transaction() as session:
        done = notes.take_back(session, note_id, by=me().id, at=now())
    again = url_for("prospect.bring_back", prospect_id=prospect_id, note_id=note_id)
    text = "Note taken back" if done else "That note is not yours to take back, or was taken back already."
    return _undone(prospect_id, text, again if done else None)


@bp.post("/prospects/<int:prospect_id>/notes/<int:note_id>/bring-back")
@allows(Act.NOTE)
def bring_back(prospect_id: int, note_id: int) -> ResponseReturnValue:
    """Undo the undo."""
    with services().database.transaction() as session:
        done = notes.bring_back(session, note_id, by=me().id, at=now())
    return _undone(prospect_id, "The note is back" if done else "It was taken back too long ago.", None)


def _undone(prospect_id: int, text: str, undo_url: str | None) -> ResponseReturnValue:
    if not is_htmx():
        return redirect(url_for("prospect.show", prospect_id=prospect_id), 303)
    return render_template(
        "staff/prospect/_timeline.html", days=_days(prospect_id), text=text, undo_url=undo_url
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


def _page(prospect_id: int, form: NoteForm) -> str:
    found = sheet(reading(), prospect_id, now=now(), settings=services().settings)
    if found.person.restricted_at is not None and me().role.value == "sales":
        raise NotFoundError  # storage only: article 18
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
        name=person.name or person.address,
        initials=words.initials(person.name or person.company),
        status=words.STATUS[person.status],
        language=words.LANGUAGES.get(person.own_language or person.company_language, ""),
        there=view.there(found, now()),
        note_form=form,
        prospect_id=prospect_id,
        verdict=view.verdict(found, now()),
        facts=view.facts(found, now()),
        days=_days(prospect_id),
        tabs=tabs,
        sequences=enrol_choices(reading()),
        series=view.series(found, now()),
        tasks=view.tasks(found, now()),
        statuses=[(status.value, said) for status, (said, _) in words.STATUS.items()],
    )
