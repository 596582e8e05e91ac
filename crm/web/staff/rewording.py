"""One mail of a sequence in words of its own, for one person."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from crm.kernel.text import clean_block, one_line, whole_number
from crm.sequences.texts import Words
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.workflows.series.reword import (
    FaultyWordsError,
    LeavingError,
    Wording,
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


@bp.get("/series/<int:enrolment_id>/next-mail")
@allows(Act.ENROL)
def ask(enrolment_id: int) -> ResponseReturnValue:
    """The next mail as its reader would get it, to be changed."""
    found = wording_of(reading(), enrolment_id)
    form = WordsForm(subject=found.words.subject, body=found.words.body, step=str(found.step_id))
    return _page(found, form)


@bp.post("/series/<int:enrolment_id>/next-mail")
@allows(Act.ENROL)
def save(enrolment_id: int) -> ResponseReturnValue:
    """Keep the words for this mail, or take the change back. Nothing typed is lost to a fault."""
    found = wording_of(reading(), enrolment_id)
    form = WordsForm(request.form)
    step_id = whole_number(form.step.data) or 0
    undo = request.form.get("act") == "as_written"
    subject = one_line(form.subject.data or "")
    if not undo and not found.thread_subject and not subject:
        form.validate()
        form.subject.errors = ["A mail needs a subject. Nothing was changed."]
        return _page(found, form), 422
    if not undo and not form.validate():
        return _page(found, form), 422
    words = Words(subject, clean_block(form.body.data or ""))
    try:
        with services().database.transaction() as session:
            if undo:
                say_as_written(session, enrolment_id, step_id=step_id)
            else:
                reword(session, enrolment_id, words, step_id=step_id, by=me().id, at=now())
    except FaultyWordsError as error:
        form.body.errors = [*error.faults, "Nothing was changed."]
        return _page(found, form), 422
    except LeavingError as error:
        form.body.errors = [str(error)]
        return _page(found, form), 409
    back = url_for("approving.listing") if request.args.get("from") == "approve" else None
    return redirect(back or url_for("prospect.show", prospect_id=found.person.id, did="reworded"), 303)


def _page(found: Wording, form: WordsForm) -> str:
    return render_template(
        "staff/approving/words.html", found=found, form=form, origin=request.args.get("from", "")
    )
