"""A test of a sequence's mails, sent to the colleague who asks for it."""

from collections.abc import Iterator

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import NotFoundError
from crm.kernel.mail import Language
from crm.sequences import drafts, versions
from crm.sequences.models import Sequence, StepKind
from crm.sequences.texts import Words
from crm.staff import accounts
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
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
    trial = Trial(tuple(_texts(sequence_id)), Language(row.language), row.mailbox_id, account.email)
    try:
        with services().database.transaction() as session:
            send_test(session, services().desk, trial, now=now())
    except UnfitTextError as error:
        return render_template("staff/sequences/unfit.html", row=row, fault=error.fault), 422
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did="tried"), 303)


def _texts(sequence_id: int) -> Iterator[Words]:
    kept = drafts.read(reading(), sequence_id)
    if kept is not None:
        for typed in kept.typed.steps:
            yield from typed.texts if typed.kind is StepKind.EMAIL else ()
        return
    for step in versions.newest(reading(), sequence_id).steps:
        yield from step.words if step.kind is StepKind.EMAIL else ()
