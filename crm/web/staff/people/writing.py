"""Writing a mail by hand: a first one, or an answer, with half a minute to take it back and go on writing."""

from collections.abc import Sequence
from math import ceil

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Form, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from crm.delivery.models import MessageState
from crm.delivery.outbox import WAITING
from crm.kernel.errors import NotFoundError
from crm.kernel.ids import new_public_id
from crm.kernel.text import clean_block, one_line, whole_number
from crm.permission.words import explain
from crm.queries.gate.recipients import recipients
from crm.queries.pages.limits import budgets_held
from crm.queries.sending.letters import by_hand
from crm.replies.models import InboundMail
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff.people.verdict_view import of_letter
from crm.web.staff.words import WEIGHT
from crm.workflows.desk.write_mail import (
    CannotWriteError,
    NotAllowedError,
    Written,
    may_write,
    take_back,
    write_mail,
)
from crm.workflows.inbox import handle_reply
from crm.workflows.inbox.handle_reply import Label

bp = Blueprint("writing", __name__)

_LONGEST = 20_000  # characters


class MailForm(Form):
    """What is written."""

    subject = StringField("Subject", [Length(max=200)])
    body = TextAreaField("Text", [InputRequired("Write something. Nothing was sent."), Length(max=_LONGEST)])
    once = HiddenField(default=new_public_id)


@bp.get("/prospects/<int:prospect_id>/write")
@allows(Act.NOTE)
def ask(prospect_id: int) -> ResponseReturnValue:
    """An empty letter, or an answer with their words above it; with what was taken back still in it."""
    form, again = MailForm(), request.args.get("again")
    before = by_hand(reading(), prospect_id, again) if again else None
    if before is not None and before.state is MessageState.CANCELLED:
        form.subject.data, form.body.data = before.subject, before.body
    return _page(prospect_id, form, whole_number(request.args.get("to")))


@bp.post("/prospects/<int:prospect_id>/write")
@allows(Act.NOTE)
def send(prospect_id: int) -> ResponseReturnValue:
    """Queue it; what was typed is never lost to a no."""
    form, answers = MailForm(request.form), whole_number(request.form.get("answers"))
    subject = one_line(form.subject.data or "")
    if answers is None and not subject:
        form.validate()
        form.subject.errors = ["A first mail needs a subject. Nothing was sent."]
        return _page(prospect_id, form, answers), 422
    if not form.validate():
        return _page(prospect_id, form, answers), 422
    written = Written(
        subject, clean_block(form.body.data or ""), answers, (form.once.data or "")[:26] or None
    )
    try:
        with services().database.transaction() as session:
            public_id = write_mail(
                session, services().desk, prospect_id, written, now=now(), speed=services().clocks.speed
            )
            if answers is not None:
                handle_reply.handle_reply(session, answers, Label.DONE, by=me().id, at=now())
    except NotAllowedError as error:
        reasons = [(WEIGHT[one.weight], explain(one)) for one in error.decision.against]
        return _page(prospect_id, form, answers, reasons=reasons), 409
    except CannotWriteError as error:
        form.body.errors = [f"{_cannot(error.code)} Nothing was sent."]
        return _page(prospect_id, form, answers), 422
    shown = url_for("writing.show", prospect_id=prospect_id, public_id=public_id, answers=answers)
    return redirect(shown, 303)


@bp.get("/prospects/<int:prospect_id>/written/<public_id>")
@allows(Act.NOTE)
def show(prospect_id: int, public_id: str) -> ResponseReturnValue:
    """What becomes of a mail that was written by hand, and the button that takes it back."""
    mail = by_hand(reading(), prospect_id, public_id)
    if mail is None:
        raise NotFoundError
    left = (mail.due_at - now()) / services().clocks.speed
    return render_template(
        "staff/prospect/written.html",
        prospect_id=prospect_id,
        public_id=public_id,
        answers=whole_number(request.args.get("answers")),
        waits=mail.state in WAITING,
        is_back=mail.state is MessageState.CANCELLED,
        seconds=max(ceil(left.total_seconds()), 0),
    )


@bp.post("/prospects/<int:prospect_id>/written/<public_id>/take-back")
@allows(Act.NOTE)
def undo(prospect_id: int, public_id: str) -> ResponseReturnValue:
    """Take it back while it is not leaving, and go on writing; what it would have answered waits on Today."""
    answers = whole_number(request.args.get("answers"))
    with services().database.transaction() as session:
        done = take_back(session, public_id, now=now())
        if done and answers is not None:
            handle_reply.take_back(session, answers, by=me().id, at=now())
    if not done:
        return redirect(url_for("prospect.show", prospect_id=prospect_id, did="left"), 303)
    return redirect(
        url_for("writing.ask", prospect_id=prospect_id, to=answers, again=public_id, did="taken_back"), 303
    )


_CANNOT = {
    "missing": "Nothing is on record for “{rest}”: write it out, or give it a default.",
    "lacks": "Something that this mail has to tell them is not on record ({rest}).",
    "unencodable": "There is a character in it that no mail can carry.",
    "template": "Something between two braces is not closed, is nothing we know, or lacks a default.",
    "lint": "The finished mail would break a rule of ours ({rest}).",
}


def _cannot(code: str) -> str:
    """Why a text cannot become a mail, for whoever typed it."""
    what, _, rest = code.partition(" ")
    return _CANNOT.get(what, "This cannot be sent as it is.").format(rest=rest.replace("_", " "))


def _page(
    prospect_id: int, form: MailForm, answers: int | None, *, reasons: Sequence[tuple[str, object]] = ()
) -> str:
    person = recipients(reading(), [prospect_id]).get(prospect_id)
    mail = reading().get(InboundMail, answers) if answers else None
    if person is None or (mail is not None and mail.prospect_id != prospect_id):
        raise NotFoundError
    undo = budgets_held(reading()).undo
    return render_template(
        "staff/prospect/write.html",
        person=person,
        form=form,
        mail=mail,
        reasons=reasons,
        verdict=of_letter(
            may_write(reading(), prospect_id, answers, now=now(), settings=services().settings),
            prospect_id,
            now(),
        ),
        seconds=int(undo.total_seconds()),
    )
