"""A test of a sequence's mails, sent to the colleague who asks for it."""

from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.sequences import drafts, versions
from crm.sequences.drafts import TypedStep
from crm.sequences.models import Sequence, StepKind
from crm.sequences.shape import StepText
from crm.sequences.texts import Words
from crm.staff import accounts
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.flashes import after
from crm.workflows.series.send_test import Trial, UnfitTextError, send_test

bp = Blueprint("trying", __name__)


@bp.post("/sequences/<int:sequence_id>/test")
@allows(Act.PUBLISH)
def send(sequence_id: int) -> ResponseReturnValue:
    """Send every text of the draft, or of what is published, to oneself: an invented reader, dead links."""
    row = reading().get(Sequence, sequence_id)
    account = accounts.by_id(reading(), me().id)
    if row is None or account is None:
        raise NotFoundError
    trial = _trial(row, account.email)
    back = url_for("sequences.show", sequence_id=sequence_id)
    if not trial.texts:
        return redirect(url_for("sequences.show", sequence_id=sequence_id, did="nothing_to_try"), 303)
    try:
        with services().database.transaction() as session:
            count = send_test(session, services().desk, trial, now=now())
    except UnfitTextError as error:
        return render_template("staff/sequences/unfit.html", row=row, fault=error.fault), 422
    said = "The test is" if count == 1 else f"{count} tests are"
    return redirect(after(back, f"{said} on the way to your own address.", None, me()), 303)


def _trial(row: Sequence, to: str) -> Trial:
    """The draft, in its language and from its mailbox; else what is published."""
    kept = drafts.read(reading(), row.id)
    if kept is not None:
        typed = kept.typed
        return Trial(_texts(typed.steps), typed.language, typed.mailbox_id, to)
    published = versions.newest_id(reading(), row.id) is not None
    steps = versions.newest(reading(), row.id).steps if published else ()
    return Trial(_texts(steps), Language(row.language), row.mailbox_id, to)


def _texts(steps: Iterable[TypedStep | StepText]) -> tuple[Words, ...]:
    return tuple(words for step in steps if step.kind is StepKind.EMAIL for words in step.words)
