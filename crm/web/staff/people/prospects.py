"""The list of prospects: views, filters, search as you type; and what the palette finds."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.readable import as_read
from crm.kernel.text import one_line
from crm.permission.countries import load
from crm.permission.words import in_short
from crm.prospects.models import Status
from crm.queries.pages import listing, search
from crm.queries.pages.listing import Cursor, Filter, View
from crm.queries.pages.rows import Row, rows
from crm.sequences.models import EnrolmentState
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import is_htmx, me, now, reading, services
from crm.web.staff import times, words
from crm.web.staff.people.prospect_choices import enrol_choices
from crm.web.staff.people.record_forms import countries

bp = Blueprint("prospects", __name__)

_VIEWS = {
    View.ALL: "Everybody",
    View.MINE: "Mine",
    View.REPLIED: "In conversation",
    View.CONVERTED: "Converted",
}


@bp.get("/prospects", endpoint="listing")
@allows(Act.SEE)
def show() -> ResponseReturnValue:
    """One page of the list; the whole state is in the address."""
    chosen = chosen_in(request.args)
    after, before = (Cursor.parse(request.args.get(name, "")) for name in ("after", "before"))
    found = listing.page(reading(), chosen, after=after, before=before)
    shown = rows(reading(), found.ids, now=now(), settings=services().settings)
    said = search.notes_with(reading(), found.ids, chosen.terms) if chosen.in_notes and chosen.terms else {}
    total = listing.count(reading(), chosen)
    template = "staff/prospects/_list.html" if is_htmx() else "staff/prospects/list.html"
    return render_template(
        template,
        chosen=chosen,
        rows=[_row(row, said.get(row.person.id, "")) for row in shown],
        total=f"{listing.COUNTED:,}+" if total > listing.COUNTED else f"{total:,}",
        is_empty=not any([chosen.words, chosen.status, chosen.country, chosen.owner_id]),
        newer=_address(chosen, before=str(found.newer)) if found.newer else None,
        older=_address(chosen, after=str(found.older)) if found.older else None,
        views=_views(chosen),
        chips=_chips(chosen),
        statuses=[(status.value, words.STATUS[status][0]) for status in Status],
        countries=countries(),
        address=lambda **more: _address(chosen, **more),
        parts=_parts(chosen),
        sequences=enrol_choices(reading()),
    )


@bp.get("/jump")
@allows(Act.SEE)
def jump() -> ResponseReturnValue:
    """What the palette finds: prospects by name, company, address, or words of a note."""
    hits = search.jump(reading(), one_line(request.args.get("q", ""))[:100])
    return render_template("staff/prospects/_jump.html", hits=hits)


def chosen_in(args: Mapping[str, str]) -> Filter:
    """The filter in an address; what it does not know is left out."""
    view = args.get("view", "all")
    status, country = args.get("status", ""), args.get("country", "").upper()
    picked = View(view) if view in set(View) else View.ALL
    return Filter(
        view=picked,
        words=one_line(args.get("q", ""))[:100].strip(),
        status=Status(status) if status in set(Status) else None,
        country=country if len(country) == 2 and country.isascii() and country.isalpha() else "",
        owner_id=me().id if picked is View.MINE else None,
        in_notes=args.get("in") == "notes",
    )


def _address(chosen: Filter, **more: str) -> str:
    """The list's address with something changed."""
    parts = {key: value for key, value in (_parts(chosen) | more).items() if value}
    return f"{url_for('prospects.listing')}?{urlencode(parts)}"


def _parts(chosen: Filter) -> dict[str, str]:
    """A filter as it stands in an address."""
    return {
        "view": chosen.view.value if chosen.view is not View.ALL else "",
        "q": chosen.words,
        "status": chosen.status.value if chosen.status else "",
        "country": chosen.country,
        "in": "notes" if chosen.in_notes else "",
    }


def _views(chosen: Filter) -> list[dict[str, object]]:
    return [
        {"label": label, "href": _address(chosen, view=view.value), "current": chosen.view is view}
        for view, label in _VIEWS.items()
    ]


def _chips(chosen: Filter) -> list[tuple[str, str, str]]:
    chips = []
    if chosen.status:
        chips.append(("Stage", words.STATUS[chosen.status][0], _address(chosen, status="")))
    if chosen.country:
        chips.append(("Country", load().name(chosen.country), _address(chosen, country="")))
    return chips


def _row(row: Row, said: str = "") -> dict[str, object]:
    person = row.person
    next_at = row.task_at if row.task_at and (not row.next_at or row.task_at < row.next_at) else row.next_at
    paused = row.series_state is EnrolmentState.PAUSED
    is_task = next_at is not None and next_at == row.task_at
    step = "Task" if is_task else f"{row.series}, waits" if paused else row.series
    return {
        "id": person.id,
        "name": as_read(person.name or person.address),
        "company": person.company,
        "said": said,
        "initials": words.initials(person.name or person.company),
        "tint": person.id % 8,
        "status": words.STATUS[person.status],
        "state": words.VERDICT[row.decision.verdict],
        "why": in_short(row.decision),
        "next": (times.short(next_at, now()), step) if next_at else (step, ""),
        "touch": _touch(row),
        "owner": row.owner,
        "owner_initials": words.initials(row.owner) if row.owner else "",
    }


def _touch(row: Row) -> str:
    moments = [at for at in (row.person.last_mail_at, row.person.last_reply_at) if at]
    return times.ago(max(moments), now()) if moments else "—"
