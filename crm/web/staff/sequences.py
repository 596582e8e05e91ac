"""Sequences: the list, one with its live funnel, and the editor."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.compose.fields import FIELDS
from crm.kernel.errors import ConflictError, NotFoundError
from crm.kernel.mail import Language
from crm.queries.funnel import Coming, Funnel, StepCount, funnel, overview
from crm.sequences.models import EnrolmentState, Sequence, SequenceVersion, Step, StepKind
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times, words
from crm.web.staff.sequence_form import EMPTY, draft_from, read_steps
from crm.workflows.publish_sequence import Draft, FaultyTextError, pause_sequence, publish_sequence

bp = Blueprint("sequences", __name__)

_SMALL = 10  # below this a rate says nothing, so none is shown (P17)


@bp.get("/sequences")
@allows(Act.SEE)
def listing() -> ResponseReturnValue:
    """Every sequence with its numbers."""
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "language": words.LANGUAGES.get(one.language, one.language),
            "paused": one.paused_at is not None,
            "running": states.get(EnrolmentState.RUNNING, 0) + states.get(EnrolmentState.PAUSED, 0),
            "all": sum(states.values()),
            "sent": sent,
        }
        for one, states, sent in overview(reading())
    ]
    return render_template("staff/sequences/list.html", rows=rows, may_publish=may(me().role, Act.PUBLISH))


@bp.get("/sequences/<int:sequence_id>")
@allows(Act.SEE)
def show(sequence_id: int) -> ResponseReturnValue:
    """One sequence, live: the numbers ask for themselves every 20 seconds."""
    row = reading().get(Sequence, sequence_id)
    if row is None:
        raise NotFoundError
    found = funnel(reading(), sequence_id)
    return render_template(
        "staff/sequences/show.html",
        row=row,
        may_publish=may(me().role, Act.PUBLISH),
        stats=_stats(found),
        steps=[_step(one, first=number == 0) for number, one in enumerate(found.steps)],
        enrolled=found.enrolled,
        funnel=_funnel(found),
        exits=[
            {"name": words.STOPPED[reason].capitalize(), "value": number, "tone": "", "rate": None}
            for reason, number in sorted(found.exits.items(), key=lambda pair: -pair[1])
        ],
        coming=[_coming(one) for one in found.coming],
    )


@bp.get("/sequences/new")
@allows(Act.PUBLISH)
def new() -> ResponseReturnValue:
    """An empty editor."""
    return _editor(None, "", "nl", [EMPTY], [])


@bp.get("/sequences/<int:sequence_id>/edit")
@allows(Act.PUBLISH)
def edit(sequence_id: int) -> ResponseReturnValue:
    """The newest version, to be published anew."""
    row = reading().get(Sequence, sequence_id)
    if row is None:
        raise NotFoundError
    newest = (
        select(SequenceVersion.id)
        .where(SequenceVersion.sequence_id == sequence_id)
        .order_by(SequenceVersion.number.desc())
        .limit(1)
    )
    steps = reading().scalars(
        select(Step).where(Step.version_id == newest.scalar_subquery()).order_by(Step.position)
    )
    typed: list[Mapping[str, str]] = [
        {"kind": step.kind.value, "delay": str(step.delay), "subject": step.subject, "body": step.body}
        for step in steps
    ]
    return _editor(sequence_id, row.name, row.language, typed or [EMPTY], [])


@bp.post("/sequences/publish")
@allows(Act.PUBLISH)
def publish() -> ResponseReturnValue:
    """Check every text and publish; what is wrong is said beside its step, and nothing typed is lost."""
    sequence_id = request.form.get("sequence_id", type=int)
    name, language, typed = draft_from(request.form)
    if request.form.get("act") in {"add_mail", "add_task", "remove"}:
        return _editor(sequence_id, name, language, _changed(typed, request.form["act"]), [])
    steps, faults = read_steps(typed)
    if not name:
        faults.append((0, "Give the sequence a name."))
    if faults:
        return _editor(sequence_id, name, language, typed, faults), 422
    draft = Draft(name, Language(language), steps)
    try:
        with services().database.transaction() as session:
            kept = publish_sequence(session, draft, sequence_id=sequence_id, by=me().id, at=now())
    except FaultyTextError as error:
        return _editor(sequence_id, name, language, typed, error.faults), 422
    except ConflictError:
        return _editor(sequence_id, name, language, typed, [(0, "Another sequence has this name.")]), 422
    return redirect(url_for("sequences.show", sequence_id=kept, did="published"), 303)


@bp.post("/sequences/<int:sequence_id>/<any(pause, resume):verb>")
@allows(Act.PAUSE)
def pause(sequence_id: int, verb: str) -> ResponseReturnValue:
    """Stop or start it for everybody in it."""
    with services().database.transaction() as session:
        pause_sequence(session, sequence_id, paused=verb == "pause", by=me().id, at=now())
    did = "paused" if verb == "pause" else "resumed"
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=did), 303)


def _editor(
    sequence_id: int | None,
    name: str,
    language: str,
    typed: list[Mapping[str, str]],
    faults: list[tuple[int, str]],
) -> str:
    return render_template(
        "staff/sequences/edit.html",
        sequence_id=sequence_id,
        name=name,
        language=language,
        languages=words.LANGUAGES.items(),
        steps=typed,
        faults=faults,
        fields=FIELDS,
    )


def _rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole >= _SMALL else ""


def _stats(found: Funnel) -> list[dict[str, Any]]:
    written = found.people_written
    return [
        {
            "key": "Enrolled",
            "value": found.enrolled,
            "detail": f"{found.states.get(EnrolmentState.RUNNING, 0)} running",
        },
        {"key": "Mails sent", "value": found.sent, "detail": f"to {written} people"},
        {
            "key": "Replied",
            "value": found.replied,
            "detail": _rate(found.replied, written) or "no rate below 10",
        },
        {
            "key": "Came back",
            "value": found.bounced,
            "detail": _rate(found.bounced, found.sent) or "limit 2 %",
            "warn": found.sent >= 50 and found.bounced / found.sent >= 0.02,
        },
        {
            "key": "Spam reports",
            "value": found.complained,
            "detail": "limit 0.1 %",
            "warn": found.sent >= 50 and found.complained / found.sent >= 0.001,
        },
    ]


def _funnel(found: Funnel) -> list[dict[str, Any]]:
    base = found.enrolled
    return [
        {"name": "Enrolled", "value": base, "tone": "", "rate": None},
        {
            "name": "Written to",
            "value": found.people_written,
            "tone": "info",
            "rate": _rate(found.people_written, base),
        },
        {"name": "Replied", "value": found.replied, "tone": "plum", "rate": _rate(found.replied, base)},
    ]


def _step(one: StepCount, *, first: bool) -> dict[str, Any]:
    step = one.step
    mail = step.kind is StepKind.EMAIL
    days = (
        "at once"
        if first and not step.delay
        else f"after {step.delay} working day{'' if step.delay == 1 else 's'}"
    )
    shares = [(one.sent, "yes"), (one.waiting, "info")]
    return {
        "icon": "mail" if mail else "list-checks",
        "name": f"{step.position}. {'Mail' if mail else 'Task'}",
        "subject": step.subject or ("same subject" if mail else step.body.partition("\n")[0][:80]),
        "when": days,
        "shares": shares,
        "label": f"{one.sent} sent, {one.waiting} come to it next",
        "numbers": [(one.sent, "sent"), (one.waiting, "come next")] if mail else [(one.waiting, "come next")],
    }


def _coming(one: Coming) -> dict[str, Any]:
    return {
        "when": times.short(one.at, now()),
        "id": one.prospect_id,
        "who": one.name,
        "what": f"{one.company}, step {one.position}",
        "word": "ready" if one.queued else "planned",
        "tone": "yes" if one.queued else "info",
    }


def _changed(typed: list[Mapping[str, str]], act: str) -> list[Mapping[str, str]]:
    if act == "remove":
        return typed[:-1] or typed
    kind = StepKind.EMAIL if act == "add_mail" else StepKind.TASK
    return [*typed, {**EMPTY, "kind": kind.value, "delay": "3"}]
