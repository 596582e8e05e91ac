"""A rehearsal: every mail a sequence would send, with its local time, before anybody is enrolled."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.text import whole_number
from crm.prospects.models import Status
from crm.queries.pages.listing import Filter
from crm.sequences import versions
from crm.sequences.shape import Version
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import now, reading, services
from crm.web.staff.people.prospects import chosen_in
from crm.web.staff.series import rehearsal_view as view
from crm.web.staff.series.sequences import found_or_404
from crm.workflows.foresight.rehearsal_audience import Audience, audience, picked
from crm.workflows.foresight.rehearse import DAYS, rehearse

bp = Blueprint("rehearsing", __name__)

_KEPT = ("ids", "view", "q", "status", "country", "in")
"""What says who is chosen, as it stands in the address."""

_LONGEST = 10
"""Working days after which a task may count as done, at most."""


@bp.get("/sequences/<int:sequence_id>/rehearse")
@allows(Act.SEE)
def show(sequence_id: int) -> ResponseReturnValue:
    """Play it for those who are chosen. Nothing is written and nobody is enrolled."""
    row = found_or_404(sequence_id)
    who = _whom()
    is_published = versions.newest_id(reading(), sequence_id) is not None
    if not is_published or (row.archived_at is not None and who != "running"):
        return render_template("staff/sequences/rehearse.html", row=row, told=None, who=who)
    people = _audience(who, versions.newest(reading(), sequence_id))
    task_days = min(whole_number(request.args.get("task")) or 0, _LONGEST)
    told = rehearse(
        reading(),
        sequence_id,
        people.ids if people else None,
        now=now(),
        settings=services().settings,
        days=DAYS,
        task_days=task_days,
        asked=people.asked if people else None,
    )
    kept = {name: value for name in _KEPT if (value := request.args.get(name, ""))}
    pages = view.mails(told, start=whole_number(request.args.get("from")) or 0)
    return render_template(
        "staff/sequences/rehearse.html",
        row=row,
        told=told,
        who=who,
        task_days=task_days,
        cut=view.cut(people) if people and not people.is_whole else "",
        kept=kept,
        stats=view.stats(told),
        plots=view.plots(told, reading()),
        mails=pages,
        newer=_page(sequence_id, kept, who, task_days, pages.newer),
        older=_page(sequence_id, kept, who, task_days, pages.older),
        left=view.left_out(told),
        cut_short=view.cut_short(told),
        assumed=view.assumed(told),
    )


def _page(
    sequence_id: int, kept: Mapping[str, str], who: str, task_days: int, start: int | None
) -> str | None:
    if start is None:
        return None
    asked = {"who": who, "task": str(task_days), "from": str(start), **kept}
    return f"{url_for('rehearsing.show', sequence_id=sequence_id)}?{urlencode(asked)}"


def _whom() -> str:
    """Whom the page is about."""
    who = request.args.get("who", "new")
    return who if who in {"running", "chosen", "list"} else "new"


def _audience(who: str, version: Version) -> Audience | None:
    """Those it is played for; None for those who are in it already."""
    if who == "running":
        return None
    if who == "chosen":
        wanted = [number for one in request.args.get("ids", "").split(".") if (number := whole_number(one))]
        return picked(reading(), wanted, version, now=now(), settings=services().settings)
    chosen = chosen_in(request.args) if who == "list" else Filter(status=Status.NEW)
    return audience(reading(), chosen, version, now=now(), settings=services().settings)
