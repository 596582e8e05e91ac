"""Every row of a file before its import: what would become of it, page by page and by outcome."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from crm.kernel.errors import NotFoundError
from crm.prospects import imports, uploads
from crm.prospects.choices import Choices
from crm.prospects.forecast import Forecast
from crm.prospects.import_models import Import, ImportState, RowOutcome
from crm.prospects.reading.table import open_table
from crm.queries.imports.preview import look_on
from crm.staff.roles import Act
from crm.web.access import allows
from crm.web.context import now, reading, services
from crm.web.staff.importing.import_view import OUTCOMES

bp = Blueprint("import_rows", __name__)

PAGE = 100
AT_ONCE = 5_000
"""Rows looked at in one request: about a second on a small machine."""

OUT = (RowOutcome.BROKEN, RowOutcome.DUPLICATE, RowOutcome.REFUSED)
"""Outcomes that leave a row out."""


def begin(row: Import, chosen: Choices) -> ResponseReturnValue:
    """Look at a file from its first row, with these choices, as far as somebody waits."""
    _look_on(row, Forecast.begin(_path(row), chosen))
    return redirect(url_for("import_rows.show", public_id=row.public_id), 303)


def choices_so_far(row: Import) -> Choices:
    """What somebody chose to look at every row with; else what was guessed."""
    forecast = Forecast(_path(row))
    return forecast.choices if forecast.is_there else Choices.from_json(row.mapping)


@bp.get("/imports/<public_id>/rows")
@allows(Act.IMPORT)
def show(public_id: str) -> ResponseReturnValue:
    """A page of the rows that were looked at."""
    row = _waiting(public_id)
    if row is None:
        return redirect(url_for("imports.show", public_id=public_id), 303)
    return render_template("staff/imports/rows.html", row=row, **_page(row, Forecast(_path(row))))


@bp.post("/imports/<public_id>/rows/more")
@allows(Act.IMPORT)
def more(public_id: str) -> ResponseReturnValue:
    """Look at the next rows. The page asks by itself until it has all; without script its button does."""
    row = _waiting(public_id)
    if row is not None:
        _look_on(row, Forecast(_path(row)))
    only, after = request.args.get("only"), request.args.get("after")
    return redirect(url_for("import_rows.show", public_id=public_id, only=only, after=after), 303)


def _waiting(public_id: str) -> Import | None:
    """The import, when it has not begun and somebody asked for its rows; else there is nothing to foresee."""
    row = imports.find(reading(), public_id)
    if row is None:
        raise NotFoundError
    is_there = row.state is ImportState.UPLOADED and Forecast(_path(row)).is_there
    return row if is_there else None


def _path(row: Import) -> Path:
    return uploads.forecast_path(services().intake.uploads, row.stored_as)


def _look_on(row: Import, forecast: Forecast) -> None:
    table = open_table(uploads.path_of(services().intake.uploads, row.stored_as))
    look_on(
        reading(),
        table,
        forecast,
        ring=services().settings.keys.addresses,
        controller=services().settings.controller,
        now=now(),
        most=AT_ONCE,
    )


def _page(row: Import, forecast: Forecast) -> dict[str, Any]:
    only, after = request.args.get("only", ""), request.args.get("after", 0, type=int)
    wanted = OUT if only == "out" else (RowOutcome(only),) if only in set(RowOutcome) else None
    found = forecast.rows(wanted, after=after, limit=PAGE + 1)
    position, is_whole = forecast.position
    counts = forecast.counts
    return {
        "rows": found[:PAGE],
        "words": OUTCOMES,
        "looked_at": position,
        "is_whole": is_whole,
        "tabs": _tabs(row, counts, only),
        "more": url_for("import_rows.more", public_id=row.public_id, only=only or None, after=after or None),
        "first": _url(row, only) if after else None,
        "older": _url(row, only, after=found[PAGE - 1].number) if len(found) > PAGE else None,
    }


def _tabs(row: Import, counts: Mapping[RowOutcome, int], only: str) -> list[dict[str, Any]]:
    each = [("", "Every row", sum(counts.values())), ("out", "Left out", sum(counts[one] for one in OUT))]
    each += [(one.value, OUTCOMES[one][0], counts[one]) for one in OUTCOMES if counts[one]]
    return [
        {"label": label, "count": f"{number:,}", "href": _url(row, key), "current": key == only}
        for key, label, number in each
    ]


def _url(row: Import, only: str, *, after: int | None = None) -> str:
    return url_for("import_rows.show", public_id=row.public_id, only=only or None, after=after)
