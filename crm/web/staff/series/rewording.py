"""One mail of a sequence in words of its own, for one person."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from crm.kernel.text import clean_block, one_line, whole_number
from crm.sequences.texts import Words
from crm.staff.accounts import name_of
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times
from crm.workflows.series.reword import (
    FaultyWordsError,
    LeavingError,
    Seen,
    Wording,
    WordsChangedError,
    reword,
    say_as_written,
    wording_of,
)

bp = Blueprint("rewording", __name__)

_MOST = 20_000  # characters


class WordsForm(Form):
    """The words, with the person's values in them."""

    subject = StringField("Subject", [Length(max=200)])
    body = TextAreaField("Text", [InputRequired("Write something. Nothing was changed."), Length(max=_MOST)])
    step = HiddenField()
    revision = HiddenField()


@bp.get("/series/<int:enrolment_id>/next-mail")
@allows(Act.ENROL)
def ask(enrolment_id: int) -> ResponseReturnValue:
    """The next mail as its reader would get it, to be changed."""
    found = wording_of(reading(), enrolment_id)
    form = WordsForm(
        subject=found.words.subject,
        body=found.words.body,
        step=str(found.step_id),
        revision=found.revision,
    )
    return _page(found, form)


@bp.post("/series/<int:enrolment_id>/next-mail")
@allows(Act.ENROL)
def save(enrolment_id: int) -> ResponseReturnValue:
    """Keep the words for this mail, or take the change back. Nothing typed is lost to a fault."""
    found = wording_of(reading(), enrolment_id)
    form = WordsForm(request.form)
    undo = request.form.get("act") == "as_written"
    subject = one_line(form.subject.data or "")
    if not undo and not _is_complete(form, begins=not found.thread_subject):
        return _page(found, form), 422
    seen = Seen(enrolment_id, whole_number(form.step.data) or 0, form.revision.data or "")
    words = Words(subject, clean_block(form.body.data or ""))
    try:
        with services().database.transaction() as session:
            if undo:
                say_as_written(session, seen, by=me().id, at=now())
            else:
                reword(session, seen, words, by=me().id, at=now())
    except FaultyWordsError as error:
        form.body.errors = [*error.faults, "Nothing was changed."]
        return _page(found, form), 422
    except WordsChangedError as error:
        newest = wording_of(reading(), enrolment_id)
        form.revision.data = newest.revision
        form.body.errors = [str(error)]
        return _page(newest, form, changed=_changed(newest)), 409
    except LeavingError as error:
        form.body.errors = [str(error)]
        return _page(found, form), 409
    did = "as_written" if undo else "reworded"
    if request.args.get("from") == "approve":
        return redirect(url_for("approving.listing", did=f"{did}_held"), 303)
    return redirect(url_for("prospect.show", prospect_id=found.person.id, did=did), 303)


def _is_complete(form: WordsForm, *, begins: bool) -> bool:
    """`begins`: the mail begins a thread, so it needs a subject."""
    complete = form.validate()
    if begins and not one_line(form.subject.data or ""):
        form.subject.errors = ["A mail needs a subject. Nothing was changed."]
        return False
    return complete


def _changed(found: Wording) -> str:
    """Who changed the words meanwhile."""
    if found.changed is None:
        return "As the sequence has it now"
    name = name_of(reading(), found.changed.by) or "A colleague"
    return f"{name} changed it, {times.inside(times.ago(found.changed.at, now()))}"


def _page(found: Wording, form: WordsForm, *, changed: str = "") -> str:
    return render_template(
        "staff/approving/words.html",
        found=found,
        form=form,
        origin=request.args.get("from", ""),
        changed=changed,
    )
