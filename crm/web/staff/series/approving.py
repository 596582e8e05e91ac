"""First mails that wait for a colleague: read each as its reader would get it, let it go or not."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.compose.notices import objection
from crm.compose.wire import ForeignFormError, WireMail
from crm.kernel.mail import Language
from crm.kernel.readable import as_read
from crm.queries.pages.held import MOST, Held, held, how_many
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times, words
from crm.workflows.series.approve import approve, let_first_wait, turn_down

bp = Blueprint("approving", __name__)


@bp.get("/approve")
@allows(Act.ENROL)
def listing() -> ResponseReturnValue:
    """What waits, the longest due first. Nothing is chosen beforehand: who approves has read it."""
    found = held(reading())
    rest = how_many(reading(), up_to=1_000) - len(found) if len(found) == MOST else 0
    return render_template(
        "staff/approving/list.html",
        mails=[_mail(one) for one in found],
        rest=rest,
        all_chosen=request.args.get("chosen") == "all",
    )


@bp.post("/approve")
@allows(Act.ENROL)
def decide() -> ResponseReturnValue:
    """Let the chosen ones go, or stop their sequences. What a colleague dealt with stays as it is.

    A mail's own button means that mail alone, whatever else is chosen.
    """
    chosen = [one[:26] for one in (request.form.getlist("only") or request.form.getlist("mail"))[:MOST]]
    refused = request.form.get("act") == "turn_down"
    if refused and len(chosen) > 1 and "sure" not in request.form:
        asked = [_mail(one) for one in held(reading()) if one.public_id in chosen]
        if asked:
            return render_template("staff/approving/sure.html", mails=asked)
    with services().database.transaction() as session:
        if refused:
            done = turn_down(session, chosen, at=now())
        else:
            done = approve(session, chosen, by=me().id, at=now())
    did = ("turned_down" if refused else "approved") if done == len(chosen) else "some_were_done"
    return redirect(url_for("approving.listing", did=did if chosen else "none_chosen"), 303)


@bp.post("/sequences/<int:sequence_id>/first-mails/<any(wait, go):verb>")
@allows(Act.PUBLISH)
def first_mails(sequence_id: int, verb: str) -> ResponseReturnValue:
    """Have the first mail to each person wait for a colleague, or no longer."""
    with services().database.transaction() as session:
        changed = let_first_wait(session, sequence_id, wait=verb == "wait", by=me().id, at=now())
    did = ("first_wait" if verb == "wait" else "first_go") if changed else "as_it_was"
    return redirect(url_for("sequences.show", sequence_id=sequence_id, did=did), 303)


def _mail(one: Held) -> dict[str, Any]:
    text, rest = _parts(one.wire)
    return {
        "id": one.public_id,
        "enrolment": one.enrolment_id,
        "prospect": one.prospect_id,
        "name": one.name,
        "address": as_read(one.address),
        "company": one.company,
        "series": one.series,
        "subject": one.subject,
        "text": text,
        "rest": rest,
        "initials": words.initials(one.name),
        "tint": one.prospect_id % 8,
        "when": _when(one.due_at),
    }


def _when(due_at: datetime) -> str:
    """When it would leave: at the planner's moment, or once it is let go and its reader's office is open."""
    if due_at > now():
        return f"{times.inside(times.short(due_at, now()))} at the earliest"
    return "as soon as it is approved, in their office hours"


def _parts(wire: bytes) -> tuple[str, str]:
    """What the colleague wrote, and what the program adds below it."""
    try:
        text = WireMail.read(wire).text
    except ForeignFormError:
        return "", ""
    begins = [objection(language)[0].words for language in Language] + ["\n--\n"]
    at = min((place for one in begins if (place := text.find(one)) >= 0), default=len(text))
    return text[:at].rstrip(), text[at:].strip()
