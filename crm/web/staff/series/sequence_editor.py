"""The editor of a sequence: what is typed is a draft, saved and resumed, and shared with colleagues."""

from collections.abc import Sequence as Many
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.compose.differences import Line, differences
from crm.compose.fields import FIELDS
from crm.delivery.models import Mailbox
from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.kernel.text import whole_number
from crm.queries.pages.limits import budgets_held
from crm.queries.pages.versions_of import draft_of
from crm.sequences import drafts, versions
from crm.sequences.drafts import MOST_STEPS, Typed
from crm.sequences.models import Sequence
from crm.sequences.plain import plain
from crm.sequences.texts import LETTERS, MOST_TEXTS
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import words
from crm.web.staff.series.sequence_form import changed, typed_from
from crm.web.staff.series.sequence_view import draft_line
from crm.web.staff.series.sequences import found_or_404
from crm.workflows.series.publish_sequence import NameTakenError, faults_of
from crm.workflows.series.save_draft import SavedMeanwhileError, discard_draft, save_draft

bp = Blueprint("sequence_editor", __name__)

_NO_MAILBOX = "There is no mailbox to send from yet. An administrator adds one in the settings."


@dataclass(frozen=True, slots=True)
class _Page:
    """What the editor shows beside what was typed."""

    sequence_id: int | None
    seen: int
    """The revision that is typed over; 0 where there was no draft."""

    faults: Many[tuple[int, str]] = ()
    is_saved: bool = False
    conflict: Many[Line] | None = None
    """A colleague was faster: from theirs to what was typed."""


@bp.get("/sequences/new")
@allows(Act.PUBLISH)
def new() -> ResponseReturnValue:
    """An empty editor."""
    return _editor(Typed("", Language.NL, _first_mailbox(), drafts.blank(None)), _Page(None, 0))


@bp.get("/sequences/<int:sequence_id>/edit")
@allows(Act.PUBLISH)
def edit(sequence_id: int) -> ResponseReturnValue:
    """The draft, or else the newest version to make one from."""
    row = found_or_404(sequence_id)
    kept = drafts.read(reading(), sequence_id)
    if kept is not None:
        return _editor(kept.typed, _Page(sequence_id, kept.revision))
    return _editor(_published(row), _Page(sequence_id, 0))


@bp.get("/sequences/<int:sequence_id>/draft-news")
@allows(Act.PUBLISH)
def news(sequence_id: int) -> ResponseReturnValue:
    """Asked every 20 seconds by an open editor: has a colleague saved meanwhile? 204 when not."""
    seen = whole_number(request.args.get("seen")) or 0
    draft = draft_of(reading(), sequence_id)
    if (draft.kept.revision if draft else 0) == seen:
        return "", 204
    return render_template("staff/sequences/_news.html", draft=draft_line(draft), sequence_id=sequence_id)


@bp.post("/sequences/draft")
@allows(Act.PUBLISH)
def save() -> ResponseReturnValue:
    """Keep what was typed, whatever button was pressed; nothing typed is ever lost."""
    sequence_id, seen = whole_number(request.form.get("sequence_id")), whole_number(request.form.get("seen"))
    typed, act = typed_from(request.form, mailbox_id=_first_mailbox()), request.form.get("act", "save")
    after = changed(typed, act, budgets_held(reading()))
    typed, step = after or (typed, 0)
    page = _Page(sequence_id, seen or 0)
    if not typed.name and sequence_id is None and after is not None:
        return _editor(typed, page)  # a new one without a name yet
    faults = _cannot_save(typed)
    if faults:
        return _editor(typed, _Page(sequence_id, page.seen, faults)), 422
    try:
        with services().database.transaction() as session:
            kept, revision = save_draft(
                session, typed, sequence_id=sequence_id, seen=page.seen, by=me().id, at=now()
            )
    except NameTakenError as error:
        return _editor(typed, _Page(sequence_id, page.seen, [(0, str(error))])), 422
    except SavedMeanwhileError:
        return _conflict(typed, sequence_id or 0), 409
    if after is None:
        return _saved(typed, kept, revision, is_ready=act == "review")
    anchor = f"step-{step}" if step else None
    return redirect(url_for("sequence_editor.edit", sequence_id=kept, _anchor=anchor), 303)


@bp.post("/sequences/<int:sequence_id>/discard")
@allows(Act.PUBLISH)
def discard(sequence_id: int) -> ResponseReturnValue:
    """Throw the draft away; what is published stays as it is."""
    did = "draft_gone"
    try:
        with services().database.transaction() as session:
            discard_draft(session, sequence_id, seen=whole_number(request.form.get("seen")) or 0)
    except SavedMeanwhileError:
        did = "draft_newer"
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=did), 303)


def _saved(typed: Typed, sequence_id: int, revision: int, *, is_ready: bool) -> ResponseReturnValue:
    """What keeps it from being published is said at every save; then on to the review, if that was meant."""
    faults = _not_yet(typed)
    if faults:
        page = _Page(sequence_id, revision, faults, is_saved=True)
        return _editor(typed, page), 422 if is_ready else 200
    if is_ready:
        return redirect(url_for("sequence_publish.review", sequence_id=sequence_id), 303)
    return redirect(url_for("sequence_editor.edit", sequence_id=sequence_id, did="draft_saved"), 303)


def _not_yet(typed: Typed) -> list[tuple[int, str]]:
    """What has to be mended before it can be published; a draft is kept all the same."""
    steps, faults = drafts.checked(typed.steps)
    return faults or faults_of(steps, budgets_held(reading()))


def _cannot_save(typed: Typed) -> list[tuple[int, str]]:
    if not typed.name:
        return [(0, "Give the sequence a name.")]
    if reading().get(Mailbox, typed.mailbox_id) is None:
        return [(0, _NO_MAILBOX)]
    return []


def _conflict(typed: Typed, sequence_id: int) -> str:
    """Both are kept: theirs in the draft, yours in the form. Saving again uses yours."""
    theirs = draft_of(reading(), sequence_id)
    row = found_or_404(sequence_id)
    before = theirs.kept.typed if theirs else _published(row)
    lines = differences(_told(before), _told(typed))
    seen = theirs.kept.revision if theirs else 0
    return _editor(typed, _Page(sequence_id, seen, conflict=lines))


def _told(typed: Typed) -> str:
    return f"Name: {typed.name}\n\n{plain(typed.steps)}"


def _published(row: Sequence) -> Typed:
    """What the newest version says, to be changed."""
    try:
        version = versions.newest(reading(), row.id)
    except NotFoundError:
        version = None
    return Typed(row.name, Language(row.language), row.mailbox_id, drafts.blank(version))


def _first_mailbox() -> int:
    return reading().scalar(select(Mailbox.id).order_by(Mailbox.id).limit(1)) or 0


def _editor(typed: Typed, page: _Page) -> str:
    session = reading()
    session.expire_all()
    is_published = page.sequence_id is not None and versions.newest_id(session, page.sequence_id) is not None
    draft = draft_of(session, page.sequence_id) if page.sequence_id else None
    return render_template(
        "staff/sequences/edit.html",
        page=page,
        typed=typed,
        is_published=is_published,
        draft=draft_line(draft),
        languages=words.LANGUAGES.items(),
        mailboxes=session.execute(select(Mailbox.id, Mailbox.address).order_by(Mailbox.id)).all(),
        letters=LETTERS,
        most_texts=MOST_TEXTS,
        most_steps=MOST_STEPS,
        fields=FIELDS,
    )
