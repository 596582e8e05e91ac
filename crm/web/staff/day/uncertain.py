"""Messages of which we do not know whether they left, and the decisions that only a person may take (D1)."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import NotFoundError
from crm.kernel.readable import as_read
from crm.queries.pages.today import MOST, in_doubt
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import me, now, reading, services
from crm.web.staff import times, words
from crm.workflows.sending.resolve_uncertain import Verdict, resolve_uncertain

bp = Blueprint("uncertain", __name__)


@bp.get("/uncertain")
@allows(Act.RESOLVE)
def listing() -> ResponseReturnValue:
    """The list, the oldest first, with what each decision means."""
    lines = [
        {
            "id": one.id,
            "prospect_id": one.prospect_id,
            "name": as_read(one.name),
            "company": one.company,
            "initials": words.initials(one.name),
            "tint": (one.prospect_id or 0) % 8,
            "subject": one.what,
            "when": times.short(one.at, now()),
            "why": one.code.replace("_", " ") or "the program stopped while it was leaving",
        }
        for one in in_doubt(reading())
    ]
    is_more = len(lines) > MOST
    return render_template("staff/uncertain/list.html", lines=lines[:MOST], is_more=is_more)


@bp.post("/uncertain/<int:message_id>")
@allows(Act.RESOLVE)
def decide(message_id: int) -> ResponseReturnValue:
    """Count it as sent, say that it did not leave, or send it once more. Audited, by name."""
    verdict = request.form.get("verdict", "")
    if verdict not in set(Verdict):
        raise NotFoundError
    ring = services().settings.keys.addresses
    with services().database.transaction() as session:
        resolve_uncertain(session, message_id, Verdict(verdict), by=me().id, now=now(), ring=ring)
    return redirect(url_for("uncertain.listing", did="resolved"), 303)
