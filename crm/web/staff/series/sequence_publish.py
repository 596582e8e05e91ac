"""Before a draft is published: what changes, for three real people, and whom it concerns. Moving people."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.compose.differences import differences
from crm.kernel.errors import CrmError
from crm.kernel.text import whole_number
from crm.queries.pages.on_their_way import affected, how_many
from crm.queries.pages.versions_of import draft_of, versions_of
from crm.sequences import versions
from crm.sequences.changes import StepChange, What, as_new, compare
from crm.sequences.plain import heading, plain
from crm.sequences.shape import Version
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff.series.sequence_view import affected_line, draft_line, version_line
from crm.web.staff.series.sequences import found_or_404
from crm.workflows.series.look_at_draft import look_at_draft
from crm.workflows.series.move_enrolments import Moved, move_enrolments
from crm.workflows.series.publish_draft import Looked, PublishedMeanwhileError, publish_draft

bp = Blueprint("sequence_publish", __name__)

NAMES = 50
"""Shown at once; all of them on request."""

_WHAT = {
    What.SAME: ("unchanged", ""),
    What.CHANGED: ("changed", "wait"),
    What.ADDED: ("new", "yes"),
    What.REMOVED: ("removed", "no"),
}


@bp.get("/sequences/<int:sequence_id>/publish")
@allows(Act.PUBLISH)
def review(sequence_id: int) -> ResponseReturnValue:
    """Everything to be seen before publishing; the editor when there is no draft, or a fault in it."""
    return _review(sequence_id)


@bp.post("/sequences/<int:sequence_id>/publish")
@allows(Act.PUBLISH)
def publish(sequence_id: int) -> ResponseReturnValue:
    """Publish exactly what was looked at; whatever changed since is shown first."""
    form = request.form
    looked = Looked(
        revision=whole_number(form.get("revision")) or 0,
        version_id=whole_number(form.get("version_id")) or None,
        move_up_to=whole_number(form.get("up_to")) if form.get("who") == "all" else None,
    )
    try:
        with services().database.transaction() as session:
            moved = publish_draft(session, sequence_id, looked, by=me().id, at=now())
    except PublishedMeanwhileError:
        return _overtaken(sequence_id, looked)
    except CrmError as error:
        reading().expire_all()
        return _review(sequence_id, problem=str(error) or "There is no draft any more.", status=409)
    did = _did(moved) if looked.move_up_to is not None else "published"
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=did), 303)


@bp.get("/sequences/<int:sequence_id>/move")
@allows(Act.PUBLISH)
def ask_move(sequence_id: int) -> ResponseReturnValue:
    """Who is on their way in older versions, and what a move would mean for each."""
    row = found_or_404(sequence_id)
    newest = versions.newest(reading(), sequence_id)
    people, up_to = how_many(reading(), sequence_id, not_in=newest.id)
    return render_template(
        "staff/sequences/move.html",
        row=row,
        people=people,
        up_to=up_to,
        names=_names(sequence_id, newest, not_in=newest.id),
    )


@bp.post("/sequences/<int:sequence_id>/move")
@allows(Act.PUBLISH)
def move(sequence_id: int) -> ResponseReturnValue:
    """Move those who were named."""
    up_to = whole_number(request.form.get("up_to")) or 0
    with services().database.transaction() as session:
        moved = move_enrolments(session, sequence_id, up_to=up_to, by=me().id, at=now())
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=_did(moved)), 303)


def _did(moved: Moved) -> str:
    return "moved_but" if moved.stayed else "moved"


def _review(sequence_id: int, *, problem: str = "", status: int = 200) -> ResponseReturnValue:
    row = found_or_404(sequence_id)
    draft = draft_of(reading(), sequence_id)
    look = look_at_draft(reading(), sequence_id, draft.kept.typed) if draft else None
    if draft is None or look is None or look.faults:
        return redirect(url_for("sequence_editor.edit", sequence_id=sequence_id), 303)
    page = render_template(
        "staff/sequences/review.html",
        row=row,
        problem=problem,
        draft=draft_line(draft),
        renamed=draft.kept.typed.name if draft.kept.typed.name != row.name else "",
        sender=look.sender,
        version_id=look.old.id if look.old else 0,
        is_first=look.old is None,
        changes=[_change(one) for one in look.changes],
        is_same=all(one.what is What.SAME and one.moved_from is None for one in look.changes),
        readers=look.readers,
        people=look.people,
        up_to=look.up_to,
        names=_names(sequence_id, look.new, not_in=None) if look.old else [],
    )
    return page, status


def _overtaken(sequence_id: int, looked: Looked) -> ResponseReturnValue:
    """Somebody was quicker: who, and what their version changed. Who pressed twice did it themselves."""
    reading().expire_all()
    row = found_or_404(sequence_id)
    published = versions_of(reading(), sequence_id)[0]
    if published.by_id == me().id:
        return redirect(url_for("sequences.show", sequence_id=sequence_id, did="published"), 303)
    ids = [one for one in (looked.version_id, published.id) if one]
    found = versions.read(reading(), ids)
    changes = compare(found.get(looked.version_id or 0), as_new(found[published.id]))
    page = render_template(
        "staff/sequences/overtaken.html",
        row=row,
        version=version_line(published),
        changes=[_change(one) for one in changes],
        has_draft=draft_of(reading(), sequence_id) is not None,
    )
    return page, 409


def _names(sequence_id: int, new: Version, *, not_in: int | None) -> list[dict[str, Any]]:
    limit = None if request.args.get("names") == "all" else NAMES
    numbers = {one.id: one.number for one in versions_of(reading(), sequence_id)}
    found = affected(reading(), sequence_id, new, not_in=not_in, limit=limit)
    return [affected_line(one, new, numbers) for one in found]


def _change(one: StepChange) -> dict[str, Any]:
    """A step in words, with its text diff."""
    word, tone = _WHAT[one.what]
    before = plain([one.old]).partition("\n")[2] if one.old else ""
    after = plain([one.new]).partition("\n")[2] if one.new else ""
    step = one.new or one.old
    assert step is not None
    return {
        "heading": heading(one.position, step),
        "was": heading(one.old.position, one.old) if one.old and one.delay_differs else "",
        "moved_from": one.moved_from,
        "word": word,
        "tone": tone,
        "lines": differences(before, after) if before != after else [],
    }
