"""Sequences: the list, one with its live funnel, its versions, and which of its texts are in use."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from crm.kernel.errors import NotFoundError
from crm.operations import alarms
from crm.queries.pages.alarms import standing
from crm.queries.pages.arms import compared
from crm.queries.pages.funnel import funnel, overview
from crm.queries.pages.limits import budgets_held
from crm.queries.pages.on_their_way import how_many
from crm.queries.pages.versions_of import draft_of, versions_of
from crm.queries.sending.guardrails import records_of
from crm.queries.sending.leaving import EVERYTHING, Reach, Scope
from crm.sequences import versions
from crm.sequences.enrolments import ACTIVE
from crm.sequences.models import EnrolmentState, Sequence, SequenceVersion
from crm.sequences.plain import heading
from crm.staff.roles import Act, may
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import words
from crm.web.staff.day import alarm_words
from crm.web.staff.house import pausing
from crm.web.staff.series import sequence_view as view
from crm.workflows.holding.pause_end import is_paused
from crm.workflows.series.switch_variant import LastTextError, switch_variant

bp = Blueprint("sequences", __name__)


def found_or_404(sequence_id: int) -> Sequence:
    """A sequence by its number.

    Raises:
        NotFoundError: there is none.
    """
    row = reading().get(Sequence, sequence_id)
    if row is None:
        raise NotFoundError
    return row


@bp.get("/sequences")
@allows(Act.SEE)
def listing() -> ResponseReturnValue:
    """Every sequence with its numbers; those that were put away on a page of their own."""
    put_away = request.args.get("show") == "archived"
    published = set(reading().scalars(select(SequenceVersion.sequence_id).distinct()))
    everything, ends = overview(reading()), pausing.ends()
    rows = [
        {
            "id": one.id,
            "name": one.name,
            "language": words.LANGUAGES.get(one.language, one.language),
            "paused": one.paused_at is not None,
            "until": ends.get(str(Scope(Reach.SEQUENCE, one.id)), ""),
            "draft": one.id not in published,
            "running": states.get(EnrolmentState.RUNNING, 0) + states.get(EnrolmentState.PAUSED, 0),
            "all": sum(states.values()),
            "sent": sent,
        }
        for one, states, sent in everything
        if (one.archived_at is not None) is put_away
    ]
    archived = sum(one.archived_at is not None for one, _, _ in everything)
    return render_template(
        "staff/sequences/list.html",
        rows=rows,
        may_publish=may(me().role, Act.PUBLISH),
        put_away=put_away,
        archived=archived,
    )


@bp.get("/sequences/<int:sequence_id>")
@allows(Act.SEE)
def show(sequence_id: int) -> ResponseReturnValue:
    """One sequence, live: the numbers ask for themselves every 20 seconds."""
    row = found_or_404(sequence_id)
    found = funnel(reading(), sequence_id)
    published = versions_of(reading(), sequence_id)
    scope, budgets = Scope(Reach.SEQUENCE, sequence_id), budgets_held(reading())
    window = now() - budgets.rate_over
    judged_from = max(window, alarms.last_resolved(reading(), str(scope)) or window)
    records = records_of(reading(), sequence_id, since=judged_from)
    stands = row.paused_at is not None or is_paused(reading(), EVERYTHING)
    older = how_many(reading(), sequence_id, not_in=published[0].id)[0] if published else 0
    return render_template(
        "staff/sequences/show.html",
        row=row,
        may_publish=may(me().role, Act.PUBLISH),
        stats=view.stats(found, budgets, records),
        steps=[view.step(one, first=number == 0) for number, one in enumerate(found.steps)],
        enrolled=found.enrolled,
        in_it=any(found.states.get(one) for one in ACTIVE),
        sent_before=found.sent_before,
        funnel=view.funnel_rows(found),
        exits=view.exits(found),
        coming=[view.coming(one, stands=stands) for one in found.coming],
        compared=[view.comparison(one) for one in compared(reading(), sequence_id)],
        versions=[view.version_line(one) for one in published],
        draft=view.draft_line(draft_of(reading(), sequence_id)),
        older=older,
        until=pausing.ends().get(str(scope), ""),
        stands="it" if row.paused_at else "everything" if stands else "",
        alarms=[alarm_words.of(one, may_resume=False) for one in standing(reading()) if one.scope == scope],
    )


@bp.get("/sequences/<int:sequence_id>/versions/<int:number>")
@allows(Act.SEE)
def version(sequence_id: int, number: int) -> ResponseReturnValue:
    """What one version said, as it was published: what did we send?"""
    row = found_or_404(sequence_id)
    published = {one.number: one for one in versions_of(reading(), sequence_id)}
    if number not in published:
        raise NotFoundError
    one = published[number]
    steps = versions.read(reading(), [one.id])[one.id].steps
    return render_template(
        "staff/sequences/version.html",
        row=row,
        version=view.version_line(one),
        newest=max(published),
        steps=[
            {"heading": heading(step.position, step), "icon": view.ICONS[step.kind], "step": step}
            for step in steps
        ],
    )


@bp.post("/sequences/<int:sequence_id>/texts/<int:variant_id>/<any(on, off):verb>")
@allows(Act.PUBLISH)
def switch_text(sequence_id: int, variant_id: int, verb: str) -> ResponseReturnValue:
    """Stop or start using one text of a step; what it did so far stays."""
    did = f"text_{verb}"
    try:
        with services().database.transaction() as session:
            switch_variant(session, sequence_id, variant_id, on=verb == "on", by=me().id, at=now())
    except LastTextError:
        did = "text_last"
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=did), 303)


@bp.post("/sequences/<int:sequence_id>/<any(pause, resume):verb>")
@allows(Act.PAUSE)
def pause(sequence_id: int, verb: str) -> ResponseReturnValue:
    """Stop or start it for everybody in it."""
    scope = Scope(Reach.SEQUENCE, sequence_id)
    back = url_for("sequences.show", sequence_id=sequence_id)
    return pausing.turn(scope, on=verb == "pause", back=back)
